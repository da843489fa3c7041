-- By index tasks_person; the rest filters what that finds.
select
    id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
    event_at, due_at, expires_at, wake_at, lease_claim, lease_until, unfinished_claims,
    handed_off_at, attempts, created_at, updated_at, finished_at, last_error, recipient, data, body
from puntual.tasks
where
    person = $5::text
    and ($1::uuid[] is null or id = any ($1::uuid[]))
    and ($2::text[] is null or dedup_key = any ($2::text[]))
    and ($3::text is null or (subject_kind = $3::text and subject_id = $4::text))
    and ($6::text is null or kind = $6::text)
    and ($7::text is null or channel = $7::text)
    and (
        $8::text[] is null
        or case
            when state in (
                'scheduled', 'sending', 'held', 'sent', 'skipped', 'cancelled', 'expired', 'failed'
            ) then state
            else 'unknown'
        end = any ($8::text[])
    )
    and ($9::boolean is null or (wake_at is not null) = $9::boolean)
    and ($10::timestamptz is null or due_at >= $10::timestamptz)
    and ($11::timestamptz is null or due_at < $11::timestamptz)
    and (case when $15::boolean then due_at else $14::timestamptz end, id)
    > ($14::timestamptz, $12::uuid)
order by case when $15::boolean then due_at else $14::timestamptz end, id
limit $13::bigint;
