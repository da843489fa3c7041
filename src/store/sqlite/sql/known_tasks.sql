-- By primary key.
select id
from puntual_tasks
where id in (select unhex(value) from json_each(?1));
