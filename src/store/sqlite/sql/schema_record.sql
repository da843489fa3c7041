-- Conflicts are found by primary key.
insert into puntual_schema_history (version, name, library)
values (?1, ?2, ?3);
