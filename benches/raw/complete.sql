-- By primary key, fenced by the revision that the claim gave.
update raw_tasks
set
    state = 'sent',
    wake_at = null,
    lease_claim = null,
    lease_until = null,
    unfinished_claims = 0,
    handed_off_at = null,
    attempts = attempts + 1,
    updated_at = ?2,
    finished_at = ?2,
    revision = raw_tasks.revision + 1
from (
    select unhex(value ->> 'id') as id, value ->> 'revision' as revision
    from json_each(?1)
) as x
where raw_tasks.id = x.id and raw_tasks.revision = x.revision
returning raw_tasks.id;
