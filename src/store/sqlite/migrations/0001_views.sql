-- What an operator reads by hand. The views parse nothing, so that no damaged body can break a
-- query, and `recipient` is the redacted one.
create view puntual_scheduled_tasks (
    task_id, subject_kind, subject_id, person, task_type, channel, recipient, scheduled_for,
    event_at, expires_at, task_data, is_executed, executed_at, state, retry_count, last_error,
    created_at
) as
select
    lower(
        substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4)
        || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)
    ),
    subject_kind,
    subject_id,
    case when person glob '*@*' or person glob '[+]*' or person glob 'http*' then '***' else person end,
    kind,
    channel,
    recipient,
    strftime('%Y-%m-%dT%H:%M:%fZ', due_at / 1000000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', event_at / 1000000.0, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', expires_at / 1000000.0, 'unixepoch'),
    data,
    finished_at is not null,
    strftime('%Y-%m-%dT%H:%M:%fZ', finished_at / 1000000.0, 'unixepoch'),
    state,
    attempts,
    last_error,
    strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000000.0, 'unixepoch')
from puntual_tasks;

-- One row for each attempt that ended.
create view puntual_notifications (
    task_id, notification_type, channel, recipient, status, attempt, error, provider_id, sent_at,
    lateness_seconds
) as
select
    lower(
        substr(hex(t.id), 1, 8) || '-' || substr(hex(t.id), 9, 4) || '-'
        || substr(hex(t.id), 13, 4) || '-' || substr(hex(t.id), 17, 4) || '-'
        || substr(hex(t.id), 21)
    ),
    t.kind,
    t.channel,
    t.recipient,
    h.what,
    h.attempt,
    nullif(trim(coalesce(h.code, '') || ' ' || coalesce(h.detail, '')), ''),
    h.provider_id,
    case when h.what = 'sent' then strftime('%Y-%m-%dT%H:%M:%fZ', h.at / 1000000.0, 'unixepoch') end,
    h.lateness / 1000000.0
from puntual_task_history as h
join puntual_tasks as t on t.id = h.task_id
where h.attempt > 0 and h.what in ('sent', 'retried', 'uncertain', 'failed', 'late_result');
