-- By primary key of notes.
update puntual.notes
set
    text = $2::text,
    revision = nextval('puntual.note_revision'::regclass),
    updated_at = $3::timestamptz
where name = $1::text and revision = $4::bigint
returning revision;
