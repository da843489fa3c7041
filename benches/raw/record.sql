-- By primary key.
insert into raw_history (
    entry_id, task_id, revision, at, what, state, generation, attempt, detail, lateness
)
select
    unhex(value ->> 'entry'), unhex(value ->> 'id'), value ->> 'revision' + 1, ?2, 'sent', 'sent',
    1, 1, '250 ok', value ->> 'lateness'
from json_each(?1);
