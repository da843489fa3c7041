//! Plans over a million future rows, with five thousand leased ones in front and old ones that
//! are finished.

use puntual::store::PostgresStore;

use super::super::execute;
use super::plan::Plan;
use crate::servers::postgres::Server;

/// Rows that are finished since a hundred days, then due ones under a lease, then future ones.
const FILL: &str = "
    alter table {}.tasks set unlogged;
    alter table {}.task_history set unlogged;
    create function {}.ids(first integer, count integer) returns uuid[] language sql as $$
        select array_agg(('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid order by n)
        from generate_series(first, first + count - 1) as n
    $$;
    create function {}.keys(first integer, count integer) returns text[] language sql as $$
        select array_agg('key ' || lpad(n::text, 8, '0') order by n)
        from generate_series(first, first + count - 1) as n
    $$;
    insert into {}.tasks (
        id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
        due_at, expires_at, wake_at, lease_claim, lease_until, unfinished_claims, attempts,
        created_at, updated_at, finished_at, recipient, data, body
    )
    select
        ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'reminder', 'booking',
        lpad((n / 3)::text, 8, '0'), 'user ' || lpad((n / 10)::text, 8, '0'), 'email', 1,
        'key ' || lpad(n::text, 8, '0'), case when finished then 'sent' else 'scheduled' end,
        at, at, case when not finished then at end,
        case when leased then '00000000-0000-7000-8000-000000000001'::uuid end,
        case when leased then to_timestamp(1800000100) end, 0, 0, at, at,
        case when finished then at end, '', '[]', case when finished then e'1\n2' else '1' end
    from (
        select
            n,
            n <= 20000 as finished,
            n > 20000 and n <= 25000 as leased,
            to_timestamp(case
                when n <= 20000 then 1790000000 + n
                when n <= 25000 then 1800000000 + (n - 20000) * 0.001
                else 1800000000 + n * 60
            end) as at
        from generate_series(1, 1025000) as n
    ) as rows;
    insert into {}.task_history (entry_id, task_id, revision, at, what, state, generation, attempt)
    select id, id, 1, created_at, 'scheduled', 'scheduled', 1, 0
    from {}.tasks
    where finished_at is not null or id < '00000000-0000-7000-8000-000000020000';";

/// The times at which the claims look: nothing is due, all that is due is leased, no lease lives.
const BEFORE: &str = "to_timestamp(1799999999)";
const LEASED: &str = "to_timestamp(1800000050)";
const OVER: &str = "to_timestamp(1800000100)";
const FIRST: &str = "'00000000-0000-0000-0000-000000000000'";

/// The leased rows; a plan tells rounded averages of its three quotas.
const LEASED_ROWS: u64 = 5_000 + 2;

/// From this cost on Postgres compiles a plan before it runs it, unless it is told otherwise.
const COMPILED: f64 = 100_000.0;

macro_rules! statement {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../../src/store/postgres/sql/", $name, ".sql")))
    };
}

type Statement = (&'static str, &'static str);

/// The same value for each of `count` rows, for each of these types.
fn same(count: u32, columns: &[(&str, &str)]) -> String {
    let column = |(value, of): &(&str, &str)| format!("array_fill({value}::{of}, array[{count}])");
    columns.iter().map(column).collect::<Vec<_>>().join(", ")
}

const ENTRY: [(&str, &str); 10] = [
    ("'sent'", "text"),
    ("'sent'", "text"),
    ("1", "bigint"),
    ("1", "bigint"),
    ("null", "text"),
    ("null", "text"),
    ("null", "text"),
    ("null", "text"),
    ("null", "bigint"),
    ("null", "timestamptz"),
];

fn claim(now: &str) -> String {
    format!(
        "'{{email,email,sms}}', '{{0,1,1}}', '{{500,500,500}}', {now},
        '00000000-0000-7000-8000-000000000009', {now} + interval '30 s', 2"
    )
}

/// Outcomes of rows that are leased.
fn apply(count: u32) -> String {
    let change = [
        ("1", "bigint"),
        ("'sent'", "text"),
        (LEASED, "timestamptz"),
        ("null", "timestamptz"),
        ("false", "boolean"),
        ("null", "timestamptz"),
        ("null", "timestamptz"),
        ("null", "timestamptz"),
        ("1", "smallint"),
        ("1", "bigint"),
        ("null", "text"),
        ("true", "boolean"),
        ("null", "text"),
        ("null", "text"),
        ("null", "text"),
    ];
    let (change, entry) = (same(count, &change), same(count, &ENTRY));
    let at = same(count, &[(LEASED, "timestamptz")]);
    format!(
        "{LEASED}, {{}}.ids(20001, {count}), {change}, {{}}.ids(2000001, {count}), {at}, {entry}"
    )
}

fn extend(count: u32) -> String {
    let claim = ("'00000000-0000-7000-8000-000000000001'", "uuid");
    let marked = same(count, &[claim, (OVER, "timestamptz"), ("true", "boolean")]);
    format!("{LEASED}, {{}}.ids(20001, {count}), {marked}")
}

fn insert(count: u32) -> String {
    let text = |value| (value, "text");
    let before = same(count, &["'r'", "'r'", "'r'", "'r'", "'email'"].map(text));
    let after = [
        text("'scheduled'"),
        ("null", "timestamptz"),
        (OVER, "timestamptz"),
        (OVER, "timestamptz"),
        (OVER, "timestamptz"),
        ("null", "timestamptz"),
        text("''"),
        text("'[]'"),
        text("'1'"),
    ];
    let (after, entry) = (same(count, &after), same(count, &ENTRY));
    let (priority, at) = (same(count, &[("1", "smallint")]), same(count, &[(OVER, "timestamptz")]));
    format!(
        "{OVER}, {{}}.ids(3000001, {count}), {before}, {priority}, {{}}.keys(3000001, {count}),
        {after}, {{}}.ids(3000001, {count}), {at}, {entry}"
    )
}

/// A page of tasks by one of the filters: ids, keys, subject or person.
fn list(ids: &str, keys: &str, subject: &str, person: &str) -> String {
    format!(
        "{ids}, {keys}, {subject}, {person}, null, null, null, null, null, null, {FIRST}, 100,
        '1970-01-01', false"
    )
}

/// A statement with its values, the table and the indexes that it goes by, and at most how many
/// rows it looks at in vain and how many pages it reads.
type Case = (Statement, String, &'static str, &'static [&'static str], u64, u64);

fn writes() -> Vec<Case> {
    let wake: &[&str] = &["tasks_pkey", "tasks_wake"];
    let key: &[&str] = &["tasks_pkey"];
    vec![
        (statement!("claim"), claim(BEFORE), "tasks", wake, 0, 60),
        (statement!("claim"), claim(LEASED), "tasks", wake, LEASED_ROWS, 2_500),
        (statement!("claim"), claim(OVER), "tasks", wake, 0, 12_000),
        (statement!("apply"), apply(1), "tasks", key, 0, 100),
        (statement!("apply"), apply(500), "tasks", key, 0, 30_000),
        (statement!("apply"), apply(500), "task_history", &["task_history_pkey"], 0, 30_000),
        (statement!("extend"), extend(1), "tasks", key, 0, 50),
        (statement!("extend"), extend(500), "tasks", key, 0, 30_000),
        (statement!("insert_tasks"), insert(1), "tasks", &[], 0, 100),
        (statement!("insert_tasks"), insert(1_000), "tasks", &[], 0, 40_000),
    ]
}

fn reads() -> Vec<Case> {
    let (no_ids, no_subject) = ("null", "null, null");
    let subject = list(no_ids, "null", "'booking', '00200000'", "null");
    let person = list(no_ids, "null", no_subject, "'user 00050000'");
    let ids = list("{}.ids(500000, 100)", "null", no_subject, "null");
    let keys = list(no_ids, "{}.keys(500000, 100)", no_subject, "null");
    let story = format!("'1970-01-01', '1970-01-01', {FIRST}, 100, ({{}}.ids(500, 1))[1], 0");
    vec![
        (statement!("list_by_subject"), subject, "tasks", &["tasks_subject"], 0, 30),
        (statement!("list_by_person"), person, "tasks", &["tasks_person"], 0, 30),
        (statement!("list_by_ids"), ids, "tasks", &["tasks_pkey"], 0, 800),
        (statement!("list_by_keys"), keys, "tasks", &["tasks_key"], 0, 800),
        (statement!("history_of_task"), story, "task_history", &["task_history_pkey"], 0, 30),
    ]
}

fn erasures() -> Vec<Case> {
    let person: &[&str] = &["tasks_person", "tasks_pkey"];
    let of = |person: &str| format!("'user {person}', 500");
    vec![
        (statement!("erase_person"), of("00001000"), "tasks", person, 0, 500),
        (statement!("erase_person"), of("00050000"), "tasks", person, 10, 50),
    ]
}

async fn check_all(store: &PostgresStore, statistics: &str) {
    for mode in ["generic", "custom"] {
        for ((name, text), values, table, indexes, in_vain, pages) in
            [writes(), reads(), erasures()].concat()
        {
            let plan = Plan::of(store, mode, name, text, &values).await;
            plan.ranges(table, indexes, in_vain, pages);
            let cost = plan.cost();
            assert!(cost < COMPILED, "{name} is expected to cost {cost} {statistics}");
        }
    }
}

#[tokio::test]
async fn with_a_million_future_rows_every_statement_is_a_range_of_an_index() {
    let server = Server::shared();
    let store = server.store().await;
    execute(&store, FILL).await;
    check_all(&store, "without statistics").await;
    for table in ["tasks", "task_history"] {
        execute(&store, &format!("vacuum analyze {{}}.{table}")).await;
    }
    check_all(&store, "with statistics").await;
}
