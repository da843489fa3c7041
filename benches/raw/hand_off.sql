-- By primary key; no index is written.
update raw_tasks
set
    lease_until = ?2,
    updated_at = ?3,
    state = 'sending',
    handed_off_at = ?3,
    revision = revision + 1
from (select unhex(value) as id from json_each(?1)) as x
where raw_tasks.id = x.id and raw_tasks.lease_claim = ?4
returning raw_tasks.id, revision;
