-- By primary key of tasks and of task_history, for each item. A row that somebody else has locked
-- is left out instead of waited for.
--
-- The ids are a subquery, so that the planner expects the same number of them for any batch, and
-- makes one plan for each connection instead of one for each call.
with input as (
    select *
    from unnest(
        (select $2::uuid[]), $3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[],
        $7::boolean[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::smallint[],
        $12::bigint[], $13::text[], $14::boolean[], $15::text[], $16::text[], $17::text[],
        $18::uuid[], $19::timestamptz[], $20::text[], $21::text[], $22::bigint[], $23::bigint[],
        $24::text[], $25::text[], $26::text[], $27::text[], $28::bigint[], $29::timestamptz[]
    ) as x (
        id, expected, state, finished_at, wake_at, has_times, event_at, due_at, expires_at,
        priority, attempts, last_error, clear, recipient, data, body,
        entry_id, at, what, entry_state, generation, attempt, reason,
        code, detail, provider_id, lateness, until
    )
),
held as materialized (
    select id, revision
    from puntual.tasks
    where id = any ((select $2::uuid[])::uuid[])
    for no key update skip locked
),
written as (
    update puntual.tasks as t
    set
        revision = t.revision + 1,
        state = x.state,
        wake_at = x.wake_at,
        event_at = case when x.has_times then x.event_at else t.event_at end,
        due_at = case when x.has_times then x.due_at else t.due_at end,
        expires_at = case when x.has_times then x.expires_at else t.expires_at end,
        priority = x.priority,
        attempts = x.attempts,
        last_error = x.last_error,
        lease_claim = case when x.clear then null else t.lease_claim end,
        lease_until = case when x.clear then null else t.lease_until end,
        unfinished_claims = case when x.clear then 0 else t.unfinished_claims end,
        handed_off_at = case when x.state = 'sending' then t.handed_off_at end,
        recipient = coalesce(x.recipient, t.recipient),
        data = coalesce(x.data, t.data),
        body = coalesce(x.body, t.body),
        updated_at = $1::timestamptz,
        finished_at = x.finished_at
    from input as x
    join held on held.id = x.id and held.revision = x.expected
    where
        t.id = x.id
        and t.revision = x.expected
        and not exists (
            select 1
            from puntual.task_history as h
            where h.task_id = x.id and h.entry_id = x.entry_id
        )
    returning t.id, t.revision
),
recorded as (
    insert into puntual.task_history (
        entry_id, task_id, revision, at, what, state, generation, attempt, reason, code, detail,
        provider_id, lateness, until
    )
    select
        x.entry_id, x.id, written.revision, x.at, x.what, x.entry_state, x.generation, x.attempt,
        x.reason, x.code, x.detail, x.provider_id, x.lateness, x.until
    from input as x
    join written on written.id = x.id
    on conflict do nothing
)

select
    x.id,
    written.revision,
    held.id is not null,
    held.id is not null or exists (select 1 from puntual.tasks as t where t.id = x.id)
from input as x
left join held on held.id = x.id
left join written on written.id = x.id;
