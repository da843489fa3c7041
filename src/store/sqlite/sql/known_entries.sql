-- By primary key of puntual_task_history.
select entry_id, revision
from puntual_task_history
where entry_id in (select unhex(value) from json_each(?1));
