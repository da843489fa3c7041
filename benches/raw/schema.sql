-- The tables of the store, without a checked length.
create table raw_tasks (
    id blob not null primary key,
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

create unique index raw_tasks_key on raw_tasks (dedup_key);

create index raw_tasks_subject on raw_tasks (subject_kind, subject_id);

create index raw_tasks_person on raw_tasks (person);

create index raw_tasks_wake on raw_tasks (channel, priority, wake_at, id)
where wake_at is not null;

create table raw_history (
    entry_id blob not null primary key,
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

create index raw_history_task on raw_history (task_id);

create index raw_history_at on raw_history (at);
