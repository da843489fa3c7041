-- By primary key, in its order, until enough is found: finished rows have no index.
with found as materialized (
    select id
    from puntual.tasks
    where
        finished_at is not null
        and greatest(finished_at, event_at) < $1::timestamptz
    order by id
    limit $2::bigint
    for update skip locked
),
tasks as (
    delete from puntual.tasks as t
    where t.id = any (array(select id from found))
    returning t.id, t.state
),
entries as (
    delete from puntual.task_history as h
    where h.task_id = any (array(select id from found))
    returning h.what
),
counted as (
    insert into puntual.counters (what, name, count)
    select what, name, count(*)
    from (
        select 'task' as what, state as name from tasks
        union all
        select 'entry', what from entries
    ) as gone
    group by what, name
    order by what, name
    on conflict (what, name) do update set count = counters.count + excluded.count
)

select count(*)
from tasks;
