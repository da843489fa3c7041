-- By index puntual_task_history_task; conflicts are found by primary key of puntual_counters.
insert into puntual_counters (what, name, count)
select 'entry', h.what, count(*)
from puntual_task_history as h
where h.task_id in (select unhex(value) from json_each(?1))
group by h.what
on conflict do update set count = count + excluded.count;
