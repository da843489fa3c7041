-- Only where the host has nothing of that name.
create view notifications as
select *
from puntual_notifications;
