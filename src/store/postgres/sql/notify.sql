-- By no index.
select pg_notify($1::text, '');
