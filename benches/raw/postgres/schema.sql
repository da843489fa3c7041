-- The tables of the store, with its indexes and its half empty pages.
create table raw.tasks (like puntual.tasks including all)
with (fillfactor = 48);

create table raw.task_history (like puntual.task_history including all);
