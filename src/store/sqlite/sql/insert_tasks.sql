-- Conflicts are found by primary key and by index puntual_tasks_key; the first of two equal keys
-- is stored, because jsonb_each keeps the order.
insert into puntual_tasks (
    id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
    event_at, due_at, expires_at, wake_at, unfinished_claims, attempts, created_at, updated_at,
    finished_at, recipient, data, body
)
select
    unhex(value ->> 'id'),
    1,
    value ->> 'kind',
    value ->> 'subject_kind',
    value ->> 'subject_id',
    value ->> 'person',
    value ->> 'channel',
    value ->> 'priority',
    value ->> 'dedup_key',
    value ->> 'state',
    value ->> 'event_at',
    value ->> 'due_at',
    value ->> 'expires_at',
    value ->> 'wake_at',
    0,
    0,
    value ->> 'written_at',
    value ->> 'written_at',
    iif(value ->> 'finished', value ->> 'written_at', null),
    value ->> 'recipient',
    value ->> 'data',
    value ->> 'body'
from jsonb_each(?1)
where true
on conflict do nothing
returning id;
