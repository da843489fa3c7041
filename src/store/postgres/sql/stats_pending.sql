-- By no index: every row is looked at once.
select
    count(*) filter (where wake_at is not null and due_at <= $1::timestamptz),
    min(due_at) filter (where wake_at is not null),
    min(wake_at),
    count(*) filter (where lease_claim is not null and lease_until > $1::timestamptz),
    (select count(*) from puntual.task_history)
from puntual.tasks;
