-- By primary key.
select what, name, count
from puntual_counters
where what in ('task', 'entry');
