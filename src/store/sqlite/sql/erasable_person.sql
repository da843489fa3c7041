-- By index puntual_tasks_person.
select id, revision
from puntual_tasks
where
    finished_at is not null
    and person = ?1
order by id
limit ?2;
