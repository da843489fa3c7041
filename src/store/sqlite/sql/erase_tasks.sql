-- By primary key.
delete from puntual_tasks
where id in (select unhex(value) from json_each(?1));
