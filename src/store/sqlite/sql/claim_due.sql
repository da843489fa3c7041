-- By index puntual_tasks_wake, in its order: due rows of one channel and priority.
select
    id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
    event_at, due_at, expires_at, wake_at, lease_claim, lease_until, unfinished_claims,
    handed_off_at, attempts, created_at, updated_at, finished_at, last_error, recipient, data, body,
    rowid
from puntual_tasks
where
    channel = ?1
    and priority = ?2
    and wake_at <= ?3
    and (lease_until is null or lease_until <= ?3)
order by wake_at, id
limit ?4;
