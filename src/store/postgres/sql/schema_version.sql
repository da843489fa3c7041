-- By primary key of schema_history.
select coalesce(max(version), 0)
from puntual.schema_history;
