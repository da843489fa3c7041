-- By primary key, in its order, until enough is found: finished rows have no index.
select id, revision
from puntual_tasks
where
    finished_at is not null
    and max(finished_at, coalesce(event_at, finished_at)) < ?1
order by id
limit ?2;
