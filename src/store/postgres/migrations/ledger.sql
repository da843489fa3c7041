-- Which steps this schema has gone through, and which version of the library took them.
create table if not exists puntual.schema_history (
    version integer not null primary key,
    name text not null,
    library text not null
);
