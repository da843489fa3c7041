-- By primary key.
select id
from puntual.tasks
where id = any ($1::uuid[]);
