//! `SqliteStore`: what is particular to a file.

mod file;
mod host;
mod plans;
mod views;

use chrono::{DateTime, TimeDelta, Utc};
use puntual::store::SqliteStore;
use puntual::task::{
    Channel, Entropy, EntryId, HistoryEntry, Kind, NewTask, PersonKey, Subject, TaskBody, TaskId,
    TaskState, What,
};
use tempfile::TempDir;

/// A directory of its own for each test, with the file in it.
struct Files(TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("reminders.db")
    }

    async fn store(&self) -> SqliteStore {
        SqliteStore::open(self.path()).await.unwrap()
    }
}

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
