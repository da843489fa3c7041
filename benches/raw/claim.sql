-- By index raw_tasks_wake, then by rowid; no index is written.
update raw_tasks
set
    lease_claim = ?1,
    lease_until = ?2,
    unfinished_claims = unfinished_claims + 1,
    updated_at = ?3,
    revision = revision + 1
where rowid in (
    select rowid
    from raw_tasks
    where
        channel = ?4
        and priority = ?5
        and wake_at <= ?3
        and (lease_until is null or lease_until <= ?3)
    order by wake_at, id
    limit ?6
)
returning
    id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state, event_at,
    due_at, expires_at, wake_at, lease_claim, lease_until, unfinished_claims, handed_off_at,
    attempts, created_at, updated_at, finished_at, last_error, recipient, data, body;
