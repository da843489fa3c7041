-- By index task_history_at, which finds the pages of a time; they are sorted.
select
    entry_id, task_id, revision, at, what, state, generation, attempt, reason, code, detail,
    provider_id, lateness, until
from puntual.task_history
where
    at >= $1::timestamptz
    and (at, revision, entry_id) > ($2::timestamptz, $6::bigint, $3::uuid)
order by at, revision, entry_id
limit $4::bigint;
