-- Conflicts are found by primary key.
insert into puntual_notes (name, text, revision, updated_at)
values (?1, ?2, ?3, ?4)
on conflict do update set
    text = excluded.text,
    revision = excluded.revision,
    updated_at = excluded.updated_at;
