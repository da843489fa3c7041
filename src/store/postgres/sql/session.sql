-- By no index.
select pg_catalog.pg_backend_pid();
