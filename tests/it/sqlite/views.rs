//! The questions that an operator types by hand.

use puntual::store::{Change, SqliteStore, TaskStore, WriteOutcome};
use puntual::task::{Entropy, SafeText, TaskState, What};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Row};

use super::{Files, at, entry, reminder};

/// A file with one reminder that waits and one that was sent at the second attempt.
async fn told(files: &Files) -> SqliteStore {
    let entropy = Entropy::seeded(1);
    let store = files.store().await;
    let (waiting, mut sent) = (reminder(&entropy, "1", at(60)), reminder(&entropy, "2", at(60)));
    sent.recipient = SafeText::new("j***@example.com");
    store.insert(at(0), &[waiting, sent.clone()]).await.unwrap();
    let mut task = puntual::task::Task::from_new(at(0), &sent);
    for (attempt, what, state) in
        [(1, What::Retried, TaskState::Scheduled), (2, What::Sent, TaskState::Sent)]
    {
        let mut told = entry(&entropy, sent.id, what, state);
        told.at = at(60 + i64::from(attempt));
        told.attempt = attempt;
        told.code = (what == What::Retried).then(|| SafeText::new("451"));
        told.detail = (what == What::Retried).then(|| SafeText::new("try again later"));
        told.lateness = (what == What::Sent).then(|| chrono::TimeDelta::milliseconds(2_500));
        let mut change = Change::of(&task, told);
        change.state = state;
        change.attempts = attempt;
        change.wake_at = (!state.is_finished()).then(|| at(61));
        let outcome = store.apply(at(62), std::slice::from_ref(&change)).await.unwrap();
        assert!(matches!(outcome[..], [WriteOutcome::Written(_)]), "{outcome:?}");
        change.write_into(at(62), &mut task);
    }
    store
}

async fn count(pool: &SqlitePool, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn the_usual_counts_are_one_line_each() {
    let files = Files::new();
    let store = told(&files).await;
    for (statement, expected) in [
        ("SELECT COUNT(*) FROM scheduled_tasks", 2),
        ("SELECT COUNT(*) FROM scheduled_tasks WHERE is_executed = false", 1),
        ("SELECT COUNT(*) FROM scheduled_tasks WHERE is_executed = true AND state = 'sent'", 1),
        ("SELECT COUNT(*) FROM notifications WHERE notification_type = 'reminder_24h'", 2),
        ("SELECT COUNT(*) FROM notifications WHERE status = 'sent' AND attempt = 2", 1),
        ("SELECT COUNT(*) FROM scheduled_tasks WHERE scheduled_for < '2027-01-15T08:01:01'", 2),
        ("SELECT COUNT(*) FROM puntual_scheduled_tasks", 2),
        ("SELECT COUNT(*) FROM puntual_notifications", 2),
    ] {
        assert_eq!(count(store.pool(), statement).await, expected, "{statement}");
    }
}

#[tokio::test]
async fn the_columns_are_those_that_are_promised_and_readable() {
    let files = Files::new();
    let store = told(&files).await;
    let row = sqlx::query("select * from scheduled_tasks where is_executed")
        .fetch_one(store.pool())
        .await
        .unwrap();
    let names: Vec<&str> = row.columns().iter().map(sqlx::Column::name).collect();
    assert_eq!(
        names,
        [
            "task_id",
            "subject_kind",
            "subject_id",
            "person",
            "task_type",
            "channel",
            "recipient",
            "scheduled_for",
            "event_at",
            "expires_at",
            "task_data",
            "is_executed",
            "executed_at",
            "state",
            "retry_count",
            "last_error",
            "created_at",
        ]
    );
    let text = |name: &str| row.get::<String, _>(name);
    let id: puntual::task::TaskId = text("task_id").parse().unwrap();
    assert_eq!(id.to_string(), text("task_id"));
    assert_eq!(text("scheduled_for"), "2027-01-15T08:01:00.000Z");
    assert_eq!(text("executed_at"), "2027-01-15T08:01:02.000Z");
    assert_eq!(row.get::<Option<String>, _>("event_at"), None);
    assert_eq!(text("recipient"), "j***@example.com");
    assert_eq!(row.get::<i64, _>("retry_count"), 2);

    let rows = sqlx::query("select * from notifications where task_id = ? order by attempt")
        .bind(text("task_id"))
        .fetch_all(store.pool())
        .await
        .unwrap();
    let names: Vec<&str> = rows[0].columns().iter().map(sqlx::Column::name).collect();
    assert_eq!(
        names,
        [
            "task_id",
            "notification_type",
            "channel",
            "recipient",
            "status",
            "attempt",
            "error",
            "provider_id",
            "sent_at",
            "lateness_seconds",
        ]
    );
    assert_eq!(rows[0].get::<String, _>("error"), "451 try again later");
    assert_eq!(rows[0].get::<Option<String>, _>("sent_at"), None);
    assert_eq!(rows[1].get::<Option<String>, _>("error"), None);
    assert_eq!(rows[1].get::<String, _>("sent_at"), "2027-01-15T08:01:02.000Z");
    assert_eq!(rows[1].get::<f64, _>("lateness_seconds"), 2.5);
}

#[tokio::test]
async fn names_that_the_host_uses_stay_the_host_s() {
    for (name, other) in
        [("scheduled_tasks", "notifications"), ("NOTIFICATIONS", "scheduled_tasks")]
    {
        let files = Files::new();
        let options = SqliteConnectOptions::new().filename(files.path()).create_if_missing(true);
        let host = SqlitePool::connect_with(options).await.unwrap();
        let create = format!("create table {name} (mine text)");
        sqlx::query(AssertSqlSafe(create)).execute(&host).await.unwrap();
        let store = told(&files).await;
        for (table, expected) in
            [(name, 0), (other, 2), ("puntual_scheduled_tasks", 2), ("puntual_notifications", 2)]
        {
            let statement = AssertSqlSafe(format!("select count(*) from {table}"));
            let count: i64 = sqlx::query_scalar(statement).fetch_one(store.pool()).await.unwrap();
            assert_eq!(count, expected, "{table} where the host has {name}");
        }
    }
}

#[tokio::test]
async fn a_damaged_row_breaks_no_view() {
    let files = Files::new();
    let store = told(&files).await;
    sqlx::query(
        "update puntual_tasks set body = 'no json', data = '{', due_at = 9000000000000000000",
    )
    .execute(store.pool())
    .await
    .unwrap();
    assert_eq!(
        sqlx::query("select * from scheduled_tasks").fetch_all(store.pool()).await.unwrap().len(),
        2
    );
    assert_eq!(count(store.pool(), "select count(*) from notifications").await, 2);
}
