//! Statements go by the index that their comment names, and claims are written in place.

use puntual::store::{PostgresStore, TaskStore};
use puntual::task::Entropy;
use sqlx::{AssertSqlSafe, Row};

use super::{answer, at, claim, execute};
use crate::servers::postgres::Server;

/// So many future rows, and as many due ones under a lease, without the cost of making each here.
const FILL: &str = "insert into {}.tasks (
        id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
        due_at, expires_at, wake_at, lease_claim, lease_until, unfinished_claims, attempts,
        created_at, updated_at, recipient, data, body
    )
    select
        ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'reminder', 'booking',
        n::text, 'user ' || n, 'email', 1, 'key ' || n, 'scheduled', at, at, at,
        case when n <= 1000 then '00000000-0000-7000-8000-000000000001'::uuid end,
        case when n <= 1000 then to_timestamp(1800000100) end, 0, 0, at, at, '', '{}', repeat('x', 400)
    from (
        select n, to_timestamp(1800000000 + case when n <= 1000 then 0 else n * 60 end) as at
        from generate_series(1, 50000) as n
    ) as rows;
    analyze {}.tasks;";

async fn filled(server: &Server) -> PostgresStore {
    let store = server.store().await;
    execute(&store, &FILL.replace("'{}'", "'[]'")).await;
    store
}

async fn plan(store: &PostgresStore, statement: &str) -> String {
    let statement = statement.replace("puntual.", &format!("{}.", store.schema()));
    let explained = format!("explain (generic_plan) {statement}");
    let explained = match answer(store, "select current_setting('server_version_num')").await {
        version if version.as_str() >= "160000" => explained,
        _ => format!("explain {}", with_values(&statement)),
    };
    let lines = sqlx::raw_sql(AssertSqlSafe(explained)).fetch_all(store.pool()).await.unwrap();
    lines.iter().map(|line| line.get::<String, _>(0) + "\n").collect()
}

/// The parameters of a claim, or of a count of what was sent, in place, for servers that explain no statement with parameters.
fn with_values(statement: &str) -> String {
    [
        ("$1::text[]", "'{email}'::text[]"),
        ("$2::smallint[]", "'{1}'::smallint[]"),
        ("$3::bigint[]", "'{500}'::bigint[]"),
        ("$4::timestamptz", "to_timestamp(1800000050)"),
        ("$5::uuid", "'00000000-0000-7000-8000-000000000009'::uuid"),
        ("$6::timestamptz", "to_timestamp(1800000080)"),
        ("$7::bigint", "2"),
        ("$2::text[]", "'{user 1}'::text[]"),
        ("$3::timestamptz[]", "'{2027-01-15 00:00:00+00}'::timestamptz[]"),
        ("$4::uuid", "'00000000-0000-7000-8000-000000000009'::uuid"),
        ("$5::timestamptz", "to_timestamp(1800000050)"),
    ]
    .iter()
    .fold(statement.to_owned(), |text, (parameter, value)| text.replace(parameter, value))
}

#[tokio::test]
async fn a_claim_and_its_next_wake_are_ranges_of_the_wake_index() {
    let server = Server::shared();
    let store = filled(&server).await;
    let plan = plan(&store, include_str!("../../../src/store/postgres/sql/claim.sql")).await;
    assert!(!plan.contains("Seq Scan on tasks"), "{plan}");
    let ranges = plan.matches("using tasks_wake on tasks").count();
    assert!(ranges >= 2, "the due rows and the next wake: {plan}");
    assert!(plan.contains("tasks_pkey"), "the taken rows by key: {plan}");

    let claimed = store.claim(at(50), &claim(&Entropy::seeded(1), at(50), 500)).await.unwrap();
    assert_eq!(claimed.tasks, [], "all due rows are leased");
    assert_eq!(claimed.next_wake_at, Some(at(100)), "when the leases end");
    let claimed = store.claim(at(100), &claim(&Entropy::seeded(1), at(100), 500)).await.unwrap();
    assert_eq!(claimed.tasks.len(), 500);
    assert_eq!(claimed.next_wake_at, Some(at(100)), "a full quota: there may be more");
}

#[tokio::test]
async fn what_went_out_to_persons_is_found_by_their_index() {
    let server = Server::shared();
    let store = filled(&server).await;
    let plan = plan(&store, include_str!("../../../src/store/postgres/sql/count_sent.sql")).await;
    assert!(!plan.contains("Seq Scan on tasks"), "{plan}");
    assert!(plan.contains("tasks_person"), "{plan}");
}

#[tokio::test]
async fn claims_write_no_index_and_stay_on_their_page() {
    let server = Server::shared();
    let store = filled(&server).await;
    let entropy = Entropy::seeded(1);
    for _ in 0..2 {
        let claimed = store.claim(at(100), &claim(&entropy, at(100), 500)).await.unwrap();
        assert_eq!(claimed.tasks.len(), 500);
    }
    // Another connection sees the counts once the one that wrote has reported them.
    execute(&store, "select pg_stat_force_next_flush()").await;
    store.pool().close().await;
    let store = PostgresStore::new(server.pool().await).with_schema(store.schema().clone());
    let hot = "select (n_tup_upd || ' ' || n_tup_hot_upd) from pg_stat_user_tables
        where schemaname = '{}' and relname = 'tasks'";
    assert_eq!(answer(&store, hot).await, "1000 1000");
}
