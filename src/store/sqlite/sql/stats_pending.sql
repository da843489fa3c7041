-- By no index: every row is looked at once.
select
    count(*) filter (where wake_at is not null and due_at <= ?1),
    min(due_at) filter (where wake_at is not null),
    min(wake_at),
    count(*) filter (where lease_claim is not null and lease_until > ?1),
    (select count(*) from puntual_task_history)
from puntual_tasks;
