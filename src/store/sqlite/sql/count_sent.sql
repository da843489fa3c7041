-- By index puntual_tasks_person, and for each row that was written since by index
-- puntual_task_history_task.
select
    asked.key,
    count(entry.entry_id),
    min(entry.at),
    count(distinct iif(
        task.lease_claim <> ?2 and (task.lease_until > ?3 or task.state = 'sending'), task.id, null
    ))
from
    json_each(?1) as asked
    inner join puntual_tasks as task
        on task.person = asked.value ->> 'person'
        and task.channel = asked.value ->> 'channel'
        and task.updated_at > asked.value ->> 'since'
    left join puntual_task_history as entry
        on entry.task_id = task.id
        and entry.at > asked.value ->> 'since'
        and entry.what in ('sent', 'uncertain', 'late_result')
group by asked.key;
