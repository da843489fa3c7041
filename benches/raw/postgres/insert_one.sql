-- Conflicts are found by primary key and by the index of keys.
insert into raw.tasks (
    id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
    event_at, due_at, expires_at, wake_at, unfinished_claims, attempts, created_at, updated_at,
    recipient, data, body
)
values (
    $1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, $14, $14, $15, $16, $17
)
on conflict do nothing;
