-- By primary key, for each item; no index is written.
update puntual_tasks
set
    lease_until = x.until,
    updated_at = x.written_at,
    state = iif(x.hand_off, 'sending', puntual_tasks.state),
    handed_off_at = iif(
        x.hand_off and puntual_tasks.state <> 'sending', x.written_at, puntual_tasks.handed_off_at
    ),
    revision = puntual_tasks.revision + (x.hand_off and puntual_tasks.state <> 'sending')
from (
    select
        unhex(value ->> 'id') as id,
        unhex(value ->> 'claim') as claim,
        value ->> 'until' as until,
        value ->> 'hand_off' as hand_off,
        value ->> 'written_at' as written_at
    from jsonb_each(?1)
) as x
where puntual_tasks.id = x.id and puntual_tasks.lease_claim = x.claim
returning id, revision;
