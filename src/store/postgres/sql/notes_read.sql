-- By primary key of notes.
select name, text, revision, updated_at
from puntual.notes
where name = any ($1::text[]);
