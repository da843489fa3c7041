-- By index puntual_tasks_person; the rest filters what that finds.
select
    id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
    event_at, due_at, expires_at, wake_at, lease_claim, lease_until, unfinished_claims,
    handed_off_at, attempts, created_at, updated_at, finished_at, last_error, recipient, data, body
from puntual_tasks
where
    person = ?5
    and (?1 is null or id in (select unhex(value) from json_each(?1)))
    and (?2 is null or dedup_key in (select value from json_each(?2)))
    and (?3 is null or (subject_kind = ?3 and subject_id = ?4))
    and (?6 is null or kind = ?6)
    and (?7 is null or channel = ?7)
    and (
        ?8 is null
        or iif(
            state in (
                'scheduled', 'sending', 'held', 'sent', 'skipped', 'cancelled', 'expired', 'failed'
            ),
            state,
            'unknown'
        ) in (select value from json_each(?8))
    )
    and (?9 is null or (wake_at is not null) = ?9)
    and (?10 is null or due_at >= ?10)
    and (?11 is null or due_at < ?11)
    and (iif(?15, due_at, ?14), id) > (?14, ?12)
order by iif(?15, due_at, ?14), id
limit ?13;
