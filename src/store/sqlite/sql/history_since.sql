-- By index puntual_task_history_at, in its order.
select
    entry_id, task_id, revision, at, what, state, generation, attempt, reason, code, detail,
    provider_id, lateness, until
from puntual_task_history
where
    at >= ?1
    and (at, revision, entry_id) > (?2, ?6, ?3)
order by at, revision, entry_id
limit ?4;
