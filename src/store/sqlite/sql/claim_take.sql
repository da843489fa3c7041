-- By rowid; no index is written.
update puntual_tasks
set
    lease_claim = ?2,
    lease_until = ?3,
    unfinished_claims = unfinished_claims + 1,
    updated_at = ?4,
    revision = revision + 1
where rowid in (select value from json_each(?1));
