-- By index puntual_tasks_wake: the next wake of each quota, and the lease ends of its due rows.
with quota as (
    select value ->> 'channel' as channel, value ->> 'priority' as priority
    from json_each(?1)
)

select min(at)
from (
    select (
        select min(t.wake_at)
        from puntual_tasks as t
        where t.channel = quota.channel and t.priority = quota.priority and t.wake_at > ?2
    ) as at
    from quota
    union all
    select (
        select min(t.lease_until)
        from puntual_tasks as t
        where
            t.channel = quota.channel
            and t.priority = quota.priority
            and t.wake_at <= ?2
            and t.lease_until > ?2
    )
    from quota
);
