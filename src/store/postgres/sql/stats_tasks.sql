-- By no index: every row is counted.
select state, kind, channel, count(*)
from puntual.tasks
group by state, kind, channel;
