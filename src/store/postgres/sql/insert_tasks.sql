-- Conflicts are found by primary key and by index tasks_key. In the order of their keys, so that
-- two batches which cross wait for one another in one direction only; of two equal keys the first
-- of the batch is stored.
with input as (
    select *
    from unnest(
        $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::smallint[],
        $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[],
        $14::timestamptz[], $15::timestamptz[], $16::text[], $17::text[], $18::text[],
        $19::uuid[], $20::timestamptz[], $21::text[], $22::text[], $23::bigint[], $24::bigint[],
        $25::text[], $26::text[], $27::text[], $28::text[], $29::bigint[], $30::timestamptz[]
    ) with ordinality as x (
        id, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state, event_at,
        due_at, expires_at, wake_at, finished_at, recipient, data, body,
        entry_id, at, what, entry_state, generation, attempt, reason,
        code, detail, provider_id, lateness, until, place
    )
),
stored as (
    insert into puntual.tasks (
        id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
        event_at, due_at, expires_at, wake_at, unfinished_claims, attempts, created_at, updated_at,
        finished_at, recipient, data, body
    )
    select
        id, 1, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
        event_at, due_at, expires_at, wake_at, 0, 0, $1::timestamptz, $1::timestamptz,
        finished_at, recipient, data, body
    from input
    order by dedup_key collate "C", place
    on conflict do nothing
    returning id
),
recorded as (
    insert into puntual.task_history (
        entry_id, task_id, revision, at, what, state, generation, attempt, reason, code, detail,
        provider_id, lateness, until
    )
    select
        x.entry_id, x.id, 1, x.at, x.what, x.entry_state, x.generation, x.attempt, x.reason,
        x.code, x.detail, x.provider_id, x.lateness, x.until
    from input as x
    join stored on stored.id = x.id
    on conflict do nothing
)

select id
from stored;
