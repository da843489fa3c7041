-- By primary key; no index is written.
update raw.tasks
set
    lease_until = $2::timestamptz,
    updated_at = $3::timestamptz,
    state = 'sending',
    handed_off_at = $3::timestamptz,
    revision = revision + 1
where id = any ($1::uuid[]) and lease_claim = $4::uuid
returning id, revision;
