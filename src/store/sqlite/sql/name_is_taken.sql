-- By rowid: the schema is short.
select count(*)
from sqlite_schema
where name = ?1 collate nocase;
