-- By the wake index, then by primary key; no index is written.
with found as materialized (
    select id
    from raw.tasks
    where
        channel = $4::text
        and priority = $5::smallint
        and wake_at <= $3::timestamptz
        and (lease_until is null or lease_until <= $3::timestamptz)
    order by wake_at, id
    limit $6::bigint
    for no key update skip locked
)

update raw.tasks as t
set
    lease_claim = $1::uuid,
    lease_until = $2::timestamptz,
    unfinished_claims = t.unfinished_claims + 1,
    updated_at = $3::timestamptz,
    revision = t.revision + 1
where t.id = any (array(select id from found))
returning
    t.id, t.revision, t.kind, t.subject_kind, t.subject_id, t.person, t.channel, t.priority,
    t.dedup_key, t.state, t.event_at, t.due_at, t.expires_at, t.wake_at, t.lease_claim,
    t.lease_until, t.unfinished_claims, t.handed_off_at, t.attempts, t.created_at, t.updated_at,
    t.finished_at, t.last_error, t.recipient, t.data, t.body;
