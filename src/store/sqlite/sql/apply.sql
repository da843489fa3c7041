-- By primary key of puntual_tasks and of puntual_task_history, for each item.
update puntual_tasks
set
    revision = puntual_tasks.revision + 1,
    state = x.state,
    wake_at = x.wake_at,
    event_at = iif(x.has_times, x.event_at, puntual_tasks.event_at),
    due_at = iif(x.has_times, x.due_at, puntual_tasks.due_at),
    expires_at = iif(x.has_times, x.expires_at, puntual_tasks.expires_at),
    priority = x.priority,
    attempts = x.attempts,
    last_error = x.last_error,
    lease_claim = iif(x.clear, null, puntual_tasks.lease_claim),
    lease_until = iif(x.clear, null, puntual_tasks.lease_until),
    unfinished_claims = iif(x.clear, 0, puntual_tasks.unfinished_claims),
    handed_off_at = iif(x.state = 'sending', puntual_tasks.handed_off_at, null),
    recipient = coalesce(x.recipient, puntual_tasks.recipient),
    data = coalesce(x.data, puntual_tasks.data),
    body = coalesce(x.body, puntual_tasks.body),
    updated_at = x.written_at,
    finished_at = iif(x.finished, x.written_at, null)
from (
    select
        unhex(value ->> 'id') as id,
        value ->> 'expected' as expected,
        unhex(value ->> 'entry') as entry,
        value ->> 'state' as state,
        value ->> 'finished' as finished,
        value ->> 'wake_at' as wake_at,
        value ->> 'has_times' as has_times,
        value ->> 'event_at' as event_at,
        value ->> 'due_at' as due_at,
        value ->> 'expires_at' as expires_at,
        value ->> 'priority' as priority,
        value ->> 'attempts' as attempts,
        value ->> 'last_error' as last_error,
        value ->> 'clear' as clear,
        value ->> 'recipient' as recipient,
        value ->> 'data' as data,
        value ->> 'body' as body,
        value ->> 'written_at' as written_at
    from jsonb_each(?1)
) as x
where
    puntual_tasks.id = x.id
    and puntual_tasks.revision = x.expected
    and not exists (select 1 from puntual_task_history as h where h.entry_id = x.entry)
returning id, revision;
