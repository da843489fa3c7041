-- By no index.
select pg_catalog.pg_notify($1::text, $2::text);
