-- By primary key of notes.
insert into puntual.notes (name, text, revision, updated_at)
select $1::text, $2::text, nextval('puntual.note_revision'::regclass), $3::timestamptz
where not exists (select 1 from puntual.notes where name = $1::text)
on conflict do nothing
returning revision;
