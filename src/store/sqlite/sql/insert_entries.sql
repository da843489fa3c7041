-- Conflicts are found by primary key: an entry that is stored stays as it is.
insert into puntual_task_history (
    entry_id, task_id, revision, at, what, state, generation, attempt, reason, code, detail,
    provider_id, lateness, until
)
select
    unhex(value ->> 'id'),
    unhex(value ->> 'task'),
    value ->> 'revision',
    value ->> 'at',
    value ->> 'what',
    value ->> 'state',
    value ->> 'generation',
    value ->> 'attempt',
    value ->> 'reason',
    value ->> 'code',
    value ->> 'detail',
    value ->> 'provider_id',
    value ->> 'lateness',
    value ->> 'until'
from jsonb_each(?1)
where true
on conflict do nothing;
