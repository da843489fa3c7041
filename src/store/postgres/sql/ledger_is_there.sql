-- By index pg_class_relname_nsp_index.
select count(*)
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = $1::text and c.relname = 'schema_history';
