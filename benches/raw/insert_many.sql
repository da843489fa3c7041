-- Conflicts are found by primary key and by index raw_tasks_key.
insert into raw_tasks (
    id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
    event_at, due_at, expires_at, wake_at, unfinished_claims, attempts, created_at, updated_at,
    recipient, data, body
)
select
    unhex(value ->> 'id'), 1, value ->> 'kind', value ->> 'subject_kind', value ->> 'subject_id',
    value ->> 'person', value ->> 'channel', value ->> 'priority', value ->> 'dedup_key',
    value ->> 'state', value ->> 'event_at', value ->> 'due_at', value ->> 'expires_at',
    value ->> 'wake_at', 0, 0, value ->> 'now', value ->> 'now', value ->> 'recipient',
    value ->> 'data', value ->> 'body'
from json_each(?1)
where true
on conflict do nothing;
