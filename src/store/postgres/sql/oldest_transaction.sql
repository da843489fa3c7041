-- By no index. Of other roles only those see it who may read all statistics. The server's own
-- housekeeping is no client.
select min(xact_start)
from pg_catalog.pg_stat_activity
where
    datname = pg_catalog.current_database()
    and backend_type = 'client backend'
    and pid <> pg_catalog.pg_backend_pid();
