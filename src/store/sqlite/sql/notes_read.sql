-- By primary key.
select name, text, revision, updated_at
from puntual_notes
where name in (select value from json_each(?1));
