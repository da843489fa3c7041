-- Conflicts are found by primary key.
insert into puntual_counters (what, name, count)
values ('note', 'revision', 1)
on conflict do update set count = count + 1
returning count;
