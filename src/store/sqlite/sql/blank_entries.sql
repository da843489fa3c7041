-- By index puntual_task_history_task.
update puntual_task_history
set detail = null
where task_id in (select unhex(value) from json_each(?1)) and detail is not null;
