-- What an operator reads by hand. The views parse nothing, so that no damaged body can break a
-- query, and `recipient` is the redacted one.
create view puntual.scheduled_tasks (
    task_id, subject_kind, subject_id, person, task_type, channel, recipient, scheduled_for,
    event_at, expires_at, task_data, is_executed, executed_at, state, retry_count, last_error,
    created_at
) as
select
    id,
    subject_kind,
    subject_id,
    person,
    kind,
    channel,
    recipient,
    due_at,
    event_at,
    expires_at,
    data,
    finished_at is not null,
    finished_at,
    state,
    attempts,
    last_error,
    created_at
from puntual.tasks;

-- One row for each attempt that ended.
create view puntual.notifications (
    task_id, notification_type, channel, recipient, status, attempt, error, provider_id, sent_at,
    lateness_seconds
) as
select
    t.id,
    t.kind,
    t.channel,
    t.recipient,
    h.what,
    h.attempt,
    nullif(trim(coalesce(h.code, '') || ' ' || coalesce(h.detail, '')), ''),
    h.provider_id,
    case when h.what = 'sent' then h.at end,
    h.lateness / 1000000.0
from puntual.task_history as h
join puntual.tasks as t on t.id = h.task_id
where h.attempt > 0 and h.what in ('sent', 'retried', 'uncertain', 'failed', 'late_result');
