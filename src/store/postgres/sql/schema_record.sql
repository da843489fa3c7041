-- Conflicts are found by primary key.
insert into puntual.schema_history (version, name, library)
values ($1::integer, $2::text, $3::text);
