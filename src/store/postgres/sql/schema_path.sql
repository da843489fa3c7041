-- By no index: until the end of the transaction, names of functions and operators are the server's.
set local search_path to pg_catalog, pg_temp;
