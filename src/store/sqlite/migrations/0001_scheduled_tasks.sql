-- Only where the host has nothing of that name.
create view scheduled_tasks as
select *
from puntual_scheduled_tasks;
