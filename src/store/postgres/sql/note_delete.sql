-- By primary key of notes.
delete from puntual.notes
where name = $1::text and revision = $2::bigint
returning revision;
