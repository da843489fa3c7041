-- A whole table, by primary key.
insert into raw_history
select
    entry_id, task_id, revision, at, what, state, generation, attempt, reason, code, detail,
    provider_id, lateness, until
from ours.puntual_task_history
order by entry_id;
