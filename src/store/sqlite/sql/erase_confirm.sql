-- By primary key, for each item: what is still finished and as it was when it was found.
select t.id
from json_each(?1) as x
join puntual_tasks as t on t.id = unhex(x.value ->> 'id')
where t.revision = x.value ->> 'revision' and t.finished_at is not null;
