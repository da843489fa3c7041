-- By index tasks_wake, in its order, once for each quota; the taken rows by primary key, and no
-- index is written. Rows that somebody else has locked are left out.
--
-- Ranges have both ends, and the ends are subqueries: the planner then expects a few rows whatever
-- the values, and there is one plan, made once for each connection. With plain parameters it made a
-- new one for each claim (1 ms, three times the claim itself), or kept one that read all rows for
-- the next wake once it had met a backlog, compiled by the just-in-time compiler. The ends of
-- `(wake_at, id)` say nothing new but to the planner; with ends for the id alone Postgres 18 took
-- the primary key for the best.
with quota as (
    select *
    from unnest((select $1::text[]), $2::smallint[], $3::bigint[]) with ordinality
        as x (channel, priority, most, place)
),
found as materialized (
    select quota.place, quota.most, due.id, due.wake_at, due.unfinished_claims
    from quota
    cross join lateral (
        select t.id, t.wake_at, t.unfinished_claims
        from puntual.tasks as t
        where
            t.channel = quota.channel
            and t.priority = quota.priority
            and t.wake_at >= '-infinity'
            and t.wake_at <= (select $4::timestamptz)
            and (t.wake_at, t.id) >= ('-infinity', uuid '00000000-0000-0000-0000-000000000000')
            and (t.wake_at, t.id)
            <= ((select $4::timestamptz), uuid 'ffffffff-ffff-ffff-ffff-ffffffffffff')
            and (t.lease_until is null or t.lease_until <= $4::timestamptz)
        order by t.wake_at, t.id
        limit quota.most
        for no key update skip locked
    ) as due
),
-- Of the rows that workers died over only the first is kept.
chosen as materialized (
    select
        id,
        unfinished_claims < $7::bigint
        or row_number() over (
            partition by unfinished_claims >= $7::bigint
            order by wake_at, id
        ) = 1 as kept
    from (select distinct id, wake_at, unfinished_claims from found) as each
),
taken as (
    update puntual.tasks as t
    set
        lease_claim = $5::uuid,
        lease_until = $6::timestamptz,
        unfinished_claims = t.unfinished_claims + 1,
        updated_at = $4::timestamptz,
        revision = t.revision + 1
    where t.id = any (array(select id from chosen where kept))
    returning t.*
),
-- Looked at only where no quota was filled: how many due rows were free, taken ones included, and
-- when the first lease of the others ends.
due as (
    select sum(each.free) as free, min(each.lease_end) as lease_end
    from (select distinct channel, priority from quota) as quota
    cross join lateral (
        select
            count(*) filter (
                where t.lease_until is null or t.lease_until <= $4::timestamptz
            ) as free,
            min(t.lease_until) filter (where t.lease_until > $4::timestamptz) as lease_end
        from puntual.tasks as t
        where
            t.channel = quota.channel
            and t.priority = quota.priority
            and t.wake_at >= '-infinity'
            and t.wake_at <= (select $4::timestamptz)
            and (t.wake_at, t.id) >= ('-infinity', uuid '00000000-0000-0000-0000-000000000000')
            and (t.wake_at, t.id)
            <= ((select $4::timestamptz), uuid 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    ) as each
),
later as (
    select min(next.wake_at) as wake_at
    from (select distinct channel, priority from quota) as quota
    cross join lateral (
        select t.wake_at
        from puntual.tasks as t
        where
            t.channel = quota.channel
            and t.priority = quota.priority
            and t.wake_at > (select $4::timestamptz)
        order by t.wake_at, t.id
        limit 1
    ) as next
),
store as (
    select
        case
            when exists (select 1 from found group by place, most having count(*) >= most)
                then $4::timestamptz
            when exists (select 1 from chosen where not kept)
                then $4::timestamptz
            when (select free from due) > (select count(*) from taken)
                then $4::timestamptz + interval '1 second'
            else least(
                (select lease_end from due),
                (select wake_at from later),
                (select min(lease_until) from taken)
            )
        end as next_wake_at,
        (select max(version) from puntual.schema_history) as version,
        (select text from puntual.notes where name = 'seal') as seal,
        current_setting('synchronous_commit') as synchronous_commit,
        current_setting('fsync') as fsync,
        clock_timestamp() as server_time
)

select
    t.id, t.revision, t.kind, t.subject_kind, t.subject_id, t.person, t.channel, t.priority,
    t.dedup_key, t.state, t.event_at, t.due_at, t.expires_at, t.wake_at, t.lease_claim,
    t.lease_until, t.unfinished_claims, t.handed_off_at, t.attempts, t.created_at, t.updated_at,
    t.finished_at, t.last_error, t.recipient, t.data, t.body,
    store.version, store.seal, store.synchronous_commit, store.fsync, store.server_time,
    store.next_wake_at
from store
left join taken as t on true
order by t.wake_at, t.id;
