-- By primary key, in its order, until enough is found: finished rows have no index. The first
-- line of a body stays.
with found as materialized (
    select id
    from puntual.tasks
    where
        finished_at is not null
        and greatest(finished_at, event_at) < $1::timestamptz
        and position(chr(10) in body) > 0
    order by id
    limit $2::bigint
    for no key update skip locked
),
tasks as (
    update puntual.tasks as t
    set
        body = split_part(t.body, chr(10), 1),
        data = '{}',
        recipient = '',
        last_error = null,
        revision = t.revision + 1,
        updated_at = $3::timestamptz
    where t.id = any (array(select id from found))
    returning t.id
),
entries as (
    update puntual.task_history as h
    set detail = null
    where h.task_id = any (array(select id from found)) and h.detail is not null
)

select count(*)
from tasks;
