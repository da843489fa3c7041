-- By primary key.
select max(version)
from puntual_schema_history;
