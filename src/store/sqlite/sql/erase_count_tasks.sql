-- By primary key of puntual_tasks; conflicts are found by that of puntual_counters.
insert into puntual_counters (what, name, count)
select 'task', state, count(*)
from puntual_tasks
where id in (select unhex(value) from json_each(?1))
group by state
on conflict do update set count = count + excluded.count;
