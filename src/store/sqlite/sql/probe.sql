-- By primary key of puntual_schema_history and of puntual_notes.
select
    (select max(version) from puntual_schema_history),
    (select text from puntual_notes where name = 'seal');
