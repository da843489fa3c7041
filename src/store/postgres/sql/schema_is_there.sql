-- By index pg_namespace_nspname_index.
select count(*)
from pg_catalog.pg_namespace
where nspname = $1::text;
