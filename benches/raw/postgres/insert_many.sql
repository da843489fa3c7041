-- Conflicts are found by primary key and by the index of keys.
insert into raw.tasks (
    id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
    event_at, due_at, expires_at, wake_at, unfinished_claims, attempts, created_at, updated_at,
    recipient, data, body
)
select
    id, 1, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state, event_at,
    due_at, expires_at, wake_at, 0, 0, $1::timestamptz, $1::timestamptz, recipient, data, body
from unnest(
    $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::smallint[],
    $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[],
    $14::timestamptz[], $15::text[], $16::text[], $17::text[]
) as x (
    id, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state, event_at,
    due_at, expires_at, wake_at, recipient, data, body
)
on conflict do nothing;
