-- By primary key.
delete from puntual_notes
where name = ?1;
