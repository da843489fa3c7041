//! `PostgresStore`: what is particular to a server with many connections.

mod bookings;
mod connections;
mod engine_outages;
mod host;
mod locks;
mod mailbox;
mod matrix;
mod migrate;
mod outage;
mod plans;
mod pooler;
#[cfg(feature = "testing")]
mod restored;
mod rights;
mod scale;
mod views;
mod workers;

use chrono::{DateTime, TimeDelta, Utc};
use puntual::store::{Change, ClaimRequest, PostgresStore, Quota, TaskFilter, TaskQuery};
use puntual::task::{
    Channel, ClaimId, Entropy, EntryId, HistoryEntry, Kind, NewTask, PersonKey, Priority, Subject,
    Task, TaskBody, TaskId, TaskState, What,
};
use sqlx::{AssertSqlSafe, Row};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

/// A reminder about a booking, due at `due_at`.
fn reminder(entropy: &Entropy, booking: &str, due_at: DateTime<Utc>) -> NewTask {
    let id = TaskId::new(at(0), entropy);
    let mut new = NewTask::new(
        id,
        Kind::new("reminder_24h").unwrap(),
        Subject::new("booking", booking),
        PersonKey::new("user 5").unwrap(),
        Channel::EMAIL,
        due_at,
        due_at + TimeDelta::hours(1),
        entry(entropy, id, What::Scheduled, TaskState::Scheduled),
    );
    new.body = TaskBody::from_stored("{\"version\":1}\n{}".to_owned());
    new
}

fn entry(entropy: &Entropy, task: TaskId, what: What, state: TaskState) -> HistoryEntry {
    HistoryEntry::new(EntryId::new(at(0), entropy), task, at(0), what, state)
}

fn cancel(entropy: &Entropy, task: &Task) -> Change {
    let entry = entry(entropy, task.id, What::Cancelled, TaskState::Cancelled);
    let mut change = Change::of(task, entry);
    (change.state, change.wake_at) = (TaskState::Cancelled, None);
    change
}

/// A claim of e-mail of normal priority for 30 s.
fn claim(entropy: &Entropy, now: DateTime<Utc>, limit: u32) -> ClaimRequest {
    let quota = Quota::new(Channel::EMAIL, Priority::Normal, limit);
    ClaimRequest::new(ClaimId::new(now, entropy), now + TimeDelta::seconds(30), vec![quota])
}

fn everything() -> TaskQuery {
    TaskQuery::new(TaskFilter::default(), 10_000)
}

/// Runs a statement in which `{}` stands for the schema of the store.
async fn execute(store: &PostgresStore, statement: &str) {
    let statement = statement.replace("{}", store.schema().as_str());
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(store.pool()).await.unwrap();
}

/// The first column of the first row, as text; `{}` stands for the schema of the store.
async fn answer(store: &PostgresStore, statement: &str) -> String {
    let statement = statement.replace("{}", store.schema().as_str());
    // In the simple protocol, which every pooler passes on.
    let row = sqlx::raw_sql(AssertSqlSafe(statement)).fetch_one(store.pool()).await.unwrap();
    row.try_get_unchecked(0).unwrap()
}
