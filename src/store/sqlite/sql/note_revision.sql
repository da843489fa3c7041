-- By primary key.
select revision
from puntual_notes
where name = ?1;
