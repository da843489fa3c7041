-- Conflicts are impossible: ids and keys are those of no other row.
insert into puntual.tasks (
    id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
    event_at, due_at, expires_at, wake_at, unfinished_claims, attempts, created_at, updated_at,
    recipient, data, body
)
select
    ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'reminder_24h', 'later',
    n::text, 'person ' || n, 'email', 1, 'later ' || n, 'scheduled', at, at, at, at, 0, 0, at, at,
    'p***@example.com', '{}', repeat('x', 400)
from (
    select n, timestamptz '2100-01-01' + n * interval '1 second' as at
    from generate_series(1, 1000000) as n
) as rows;
