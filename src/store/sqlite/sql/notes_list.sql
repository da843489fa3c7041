-- By primary key, in its order.
select name, text, revision, updated_at
from puntual_notes
where name >= ?1 and name < coalesce(?2, x'')
order by name
limit ?3;
