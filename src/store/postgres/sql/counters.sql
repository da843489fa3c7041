-- By no index: the table has a row for each state and each kind of entry.
select what, name, count
from puntual.counters;
