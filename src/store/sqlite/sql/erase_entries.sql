-- By index puntual_task_history_task.
delete from puntual_task_history
where task_id in (select unhex(value) from json_each(?1));
