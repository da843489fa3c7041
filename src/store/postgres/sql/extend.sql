-- By primary key, for each item; no index is written. A row that somebody else has locked is left
-- out instead of waited for.
--
-- The ids are a subquery, so that the planner expects the same number of them for any batch, and
-- makes one plan for each connection instead of one for each call.
with input as (
    select *
    from unnest((select $2::uuid[]), $3::uuid[], $4::timestamptz[], $5::boolean[])
        as x (id, claim, until, hand_off)
),
held as materialized (
    select id, lease_claim
    from puntual.tasks
    where id = any ((select $2::uuid[])::uuid[])
    for no key update skip locked
),
written as (
    update puntual.tasks as t
    set
        lease_until = x.until,
        updated_at = $1::timestamptz,
        state = case when x.hand_off then 'sending' else t.state end,
        handed_off_at = case
            when x.hand_off and t.state <> 'sending' then $1::timestamptz
            else t.handed_off_at
        end,
        revision = t.revision + (x.hand_off and t.state <> 'sending')::integer
    from input as x
    join held on held.id = x.id and held.lease_claim = x.claim
    where t.id = x.id and t.lease_claim = x.claim
    returning t.id, t.revision
)

select
    x.id,
    written.revision,
    held.id is not null,
    held.id is not null or exists (select 1 from puntual.tasks as t where t.id = x.id)
from input as x
left join held on held.id = x.id
left join written on written.id = x.id;
