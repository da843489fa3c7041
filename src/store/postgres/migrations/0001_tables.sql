-- Names that are compared are in the collation of bytes: it sorts as the library does, and no
-- update of the system's own collations can damage the indexes.
--
-- No index mentions state, lease, claims or revision, and half of each page is left free: claims,
-- renewals and hand-offs then write the row alone, on its own page.
create table puntual.tasks (
    id uuid not null primary key,
    revision bigint not null,
    kind text collate "C" not null,
    subject_kind text collate "C" not null,
    subject_id text collate "C" not null,
    person text collate "C" not null,
    channel text collate "C" not null,
    priority smallint not null,
    dedup_key text collate "C" not null,
    state text collate "C" not null,
    event_at timestamptz,
    due_at timestamptz not null,
    expires_at timestamptz not null,
    wake_at timestamptz,
    lease_claim uuid,
    lease_until timestamptz,
    unfinished_claims bigint not null,
    handed_off_at timestamptz,
    attempts bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    finished_at timestamptz,
    last_error text,
    recipient text not null,
    data text not null,
    body text not null
) with (fillfactor = 48);

create unique index tasks_key on puntual.tasks (dedup_key);

create index tasks_subject on puntual.tasks (subject_kind, subject_id);

create index tasks_person on puntual.tasks (person);

create index tasks_wake on puntual.tasks (channel, priority, wake_at, id)
where wake_at is not null;

create table puntual.task_history (
    entry_id uuid not null,
    task_id uuid not null,
    revision bigint not null,
    at timestamptz not null,
    what text collate "C" not null,
    state text collate "C" not null,
    generation bigint not null,
    attempt bigint not null,
    reason text,
    code text,
    detail text,
    provider_id text,
    lateness bigint,
    until timestamptz,
    primary key (task_id, entry_id)
);

create index task_history_at on puntual.task_history using brin (at);

create sequence puntual.note_revision;

create table puntual.notes (
    name text collate "C" not null primary key,
    text text not null,
    revision bigint not null,
    updated_at timestamptz not null
);

-- What `erase` removed so far: `task` by state, `entry` by what it told.
create table puntual.counters (
    what text collate "C" not null,
    name text collate "C" not null,
    count bigint not null,
    primary key (what, name)
);
