-- By primary key of task_history, for each item.
select h.entry_id, h.revision
from unnest($1::uuid[], $2::uuid[]) as x (task_id, entry_id)
join puntual.task_history as h on h.task_id = x.task_id and h.entry_id = x.entry_id;
