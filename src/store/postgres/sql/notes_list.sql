-- By primary key of notes, in its order, from the prefix on.
select name, text, revision, updated_at
from puntual.notes
where name >= $1::text and starts_with(name, $1::text)
order by name
limit $2::bigint;
