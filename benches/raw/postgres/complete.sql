-- By primary key, fenced by the revision that the claim gave.
with input as (
    select *
    from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[])
        as x (id, revision, entry_id, lateness)
),
written as (
    update raw.tasks as t
    set
        state = 'sent',
        wake_at = null,
        lease_claim = null,
        lease_until = null,
        unfinished_claims = 0,
        handed_off_at = null,
        attempts = t.attempts + 1,
        updated_at = $5::timestamptz,
        finished_at = $5::timestamptz,
        revision = t.revision + 1
    from input as x
    where t.id = x.id and t.revision = x.revision
    returning t.id, t.revision, x.entry_id, x.lateness
),
recorded as (
    insert into raw.task_history (
        entry_id, task_id, revision, at, what, state, generation, attempt, detail, lateness
    )
    select entry_id, id, revision, $5::timestamptz, 'sent', 'sent', 1, 1, '250 ok', lateness
    from written
)

select id
from written;
