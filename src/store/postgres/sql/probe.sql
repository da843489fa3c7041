-- By primary key of schema_history and of notes.
select
    (select max(version) from puntual.schema_history) as version,
    (select text from puntual.notes where name = 'seal') as seal,
    current_setting('synchronous_commit') as synchronous_commit,
    current_setting('fsync') as fsync,
    clock_timestamp() as server_time,
    (select system_identifier from pg_catalog.pg_control_system()) as cluster,
    (select oid::bigint from pg_catalog.pg_database where datname = current_database()) as database;
