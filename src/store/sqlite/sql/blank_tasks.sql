-- By primary key: the first line of the body stays.
update puntual_tasks
set
    body = substr(body, 1, instr(body, char(10)) - 1),
    data = '{}',
    recipient = '',
    last_error = null,
    revision = revision + 1,
    updated_at = ?2
where id in (select unhex(value) from json_each(?1));
