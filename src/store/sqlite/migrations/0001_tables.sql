-- Instants are microseconds since 1970 in UTC, ids are the 16 bytes of a UUID; the two views show
-- both as text. No index mentions state, lease, claims or revision, so claims, renewals and
-- hand-offs write the row alone.
create table puntual_tasks (
    id blob not null primary key check (length(id) = 16),
    revision integer not null,
    kind text not null,
    subject_kind text not null,
    subject_id text not null,
    person text not null,
    channel text not null,
    priority integer not null,
    dedup_key text not null,
    state text not null,
    event_at integer,
    due_at integer not null,
    expires_at integer not null,
    wake_at integer,
    lease_claim blob,
    lease_until integer,
    unfinished_claims integer not null,
    handed_off_at integer,
    attempts integer not null,
    created_at integer not null,
    updated_at integer not null,
    finished_at integer,
    last_error text,
    recipient text not null,
    data text not null,
    body text not null
) strict;

create unique index puntual_tasks_key on puntual_tasks (dedup_key);

create index puntual_tasks_subject on puntual_tasks (subject_kind, subject_id);

create index puntual_tasks_person on puntual_tasks (person);

create index puntual_tasks_wake on puntual_tasks (channel, priority, wake_at, id)
where wake_at is not null;

-- Entry ids grow with time, so new entries go to the end of the table. An index of a table
-- without rowid ends in its primary key: (task_id, entry_id) and (at, revision, entry_id).
create table puntual_task_history (
    entry_id blob not null primary key check (length(entry_id) = 16),
    task_id blob not null,
    revision integer not null,
    at integer not null,
    what text not null,
    state text not null,
    generation integer not null,
    attempt integer not null,
    reason text,
    code text,
    detail text,
    provider_id text,
    lateness integer,
    until integer
) strict, without rowid;

create index puntual_task_history_task on puntual_task_history (task_id);

create index puntual_task_history_at on puntual_task_history (at, revision);

create table puntual_notes (
    name text not null primary key,
    text text not null,
    revision integer not null,
    updated_at integer not null
) strict;

-- What `erase` removed so far (`task` by state, `entry` by what it told), and the last revision of
-- a note.
create table puntual_counters (
    what text not null,
    name text not null,
    count integer not null,
    primary key (what, name)
) strict, without rowid;
