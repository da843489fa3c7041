-- Which steps this file has gone through, and which version of the library took them.
create table if not exists puntual_schema_history (
    version integer not null primary key,
    name text not null,
    library text not null
) strict;
