-- By index tasks_person, and for each row that was written since by the key of task_history.
select
    asked.place,
    count(entry.entry_id),
    min(entry.at),
    count(distinct task.id) filter (
        where task.lease_claim <> $4::uuid
        and (task.lease_until > $5::timestamptz or task.state = 'sending')
    )
from
    unnest($1::text[], $2::text[], $3::timestamptz[])
    with ordinality as asked (channel, person, since, place)
    inner join puntual.tasks as task
        on task.person = asked.person
        and task.channel = asked.channel
        and task.updated_at > asked.since
    left join puntual.task_history as entry
        on entry.task_id = task.id
        and entry.at > asked.since
        and entry.what in ('sent', 'uncertain', 'late_result')
group by asked.place;
