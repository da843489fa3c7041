-- By index tasks_wake, all of it: asked only after an answer was lost.
select
    id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
    event_at, due_at, expires_at, wake_at, lease_claim, lease_until, unfinished_claims,
    handed_off_at, attempts, created_at, updated_at, finished_at, last_error, recipient, data, body
from puntual.tasks
where
    wake_at <= $2::timestamptz
    and lease_claim = $1::uuid
    and lease_until > $2::timestamptz
order by wake_at, id;
