//! What an operator types by hand.

use puntual::store::{PostgresStore, SchemaName, TaskStore};
use puntual::task::{Entropy, SafeText, TaskState, What};
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Column, Row};

use super::{answer, at, cancel, everything, execute, reminder};
use crate::servers::postgres::Server;
use crate::servers::roles;

/// Three reminders, one of which was sent.
async fn told(server: &Server) -> PostgresStore {
    let (store, entropy) = (server.store().await, Entropy::seeded(1));
    let mut new: Vec<_> = (0..3).map(|n| reminder(&entropy, &n.to_string(), at(n))).collect();
    new[0].recipient = SafeText::new("j***@e***.com");
    store.insert(at(0), &new).await.unwrap();
    let rows = store.list(&everything()).await.unwrap();
    let mut sent = cancel(&entropy, &rows[0]);
    sent.state = TaskState::Sent;
    sent.entry.what = What::Sent;
    sent.entry.attempt = 1;
    sent.entry.at = at(4);
    sent.entry.lateness = Some(chrono::TimeDelta::milliseconds(2_500));
    store.apply(at(4), &[sent]).await.unwrap();
    store
}

/// What a statement counts where `search_path` is the schema, as in an operator's `psql`.
async fn count(pool: &PgPool, schema: &SchemaName, statement: &'static str) -> i64 {
    let mut connection = pool.acquire().await.unwrap();
    let path = AssertSqlSafe(format!("set search_path to {schema}"));
    sqlx::raw_sql(path).execute(&mut *connection).await.unwrap();
    sqlx::query_scalar(statement).fetch_one(&mut *connection).await.unwrap()
}

#[tokio::test]
async fn the_usual_counts_are_one_line_each_for_the_owner_and_for_one_who_only_looks() {
    let server = Server::shared();
    let store = told(&server).await;
    let operator = roles::operator(&server, &store).await;
    let owner = PgPool::connect_with(server.options()).await.unwrap();
    for pool in [&owner, &operator] {
        for (statement, expected) in [
            ("SELECT COUNT(*) FROM scheduled_tasks", 3),
            ("SELECT COUNT(*) FROM scheduled_tasks WHERE is_executed = false", 2),
            ("SELECT COUNT(*) FROM scheduled_tasks WHERE is_executed = true", 1),
            ("SELECT COUNT(*) FROM notifications WHERE notification_type = 'reminder_24h'", 1),
            ("SELECT COUNT(*) FROM notifications WHERE status = 'sent'", 1),
            (
                "SELECT COUNT(*) FROM scheduled_tasks WHERE scheduled_for <= '2027-01-15T08:00:01Z'",
                2,
            ),
        ] {
            assert_eq!(count(pool, store.schema(), statement).await, expected, "{statement}");
        }
    }
    for table in ["tasks", "task_history", "notes", "counters", "schema_history"] {
        let statement = AssertSqlSafe(format!("select * from {}.{table}", store.schema()));
        let error = sqlx::raw_sql(statement).execute(&operator).await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{table}: {error}");
    }
}

#[tokio::test]
async fn the_columns_are_those_that_are_promised_and_readable() {
    let server = Server::shared();
    let store = told(&server).await;
    for (view, columns) in [
        (
            "scheduled_tasks",
            "task_id subject_kind subject_id person task_type channel recipient scheduled_for \
             event_at expires_at task_data is_executed executed_at state retry_count last_error \
             created_at",
        ),
        (
            "notifications",
            "task_id notification_type channel recipient status attempt error provider_id sent_at \
             lateness_seconds",
        ),
    ] {
        let statement = AssertSqlSafe(format!("select * from {}.{view}", store.schema()));
        let row = sqlx::raw_sql(statement).fetch_one(store.pool()).await.unwrap();
        let names: Vec<&str> = row.columns().iter().map(Column::name).collect();
        assert_eq!(names.join(" "), columns, "{view}");
    }
    for (query, expected) in [
        ("select recipient from {}.scheduled_tasks where is_executed", "j***@e***.com"),
        ("select status from {}.notifications", "sent"),
        ("select extract(epoch from sent_at)::bigint::text from {}.notifications", "1800000004"),
        ("select round(lateness_seconds, 1)::text from {}.notifications", "2.5"),
    ] {
        assert_eq!(answer(&store, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_damaged_row_breaks_no_view() {
    let server = Server::shared();
    let store = told(&server).await;
    execute(&store, "update {}.tasks set body = 'no json', data = '{', state = 'bent'").await;
    for (view, rows) in [("scheduled_tasks", 3), ("notifications", 1)] {
        let statement = AssertSqlSafe(format!("select * from {}.{view}", store.schema()));
        let found = sqlx::raw_sql(statement).fetch_all(store.pool()).await.unwrap();
        assert_eq!(found.len(), rows, "{view}");
    }
}
