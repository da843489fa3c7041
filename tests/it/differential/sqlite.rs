//! SQLite against the reference, where no other server is needed.

use std::path::Path;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use puntual::store::{SqliteStore, TaskStore};
use tempfile::TempDir;

use super::call::{Answer, Write, write_all};
use super::party::Party;
use super::run;
use super::world::World;

/// Where files live in memory, on systems that have such a place: syncing them costs nothing.
const IN_MEMORY: &str = "/dev/shm";

/// A file that every sequence begins anew.
pub(super) struct InFile {
    store: SqliteStore,
    _directory: TempDir,
}

impl InFile {
    pub(super) async fn new() -> InFile {
        let directory = match Path::new(IN_MEMORY).is_dir() {
            true => tempfile::tempdir_in(IN_MEMORY),
            false => tempfile::tempdir(),
        };
        let directory = directory.unwrap();
        let store = SqliteStore::open(directory.path().join("reminders.db")).await.unwrap();
        InFile { store, _directory: directory }
    }
}

#[async_trait]
impl Party for InFile {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn store(&self) -> &dyn TaskStore {
        &self.store
    }

    async fn within(&self, now: DateTime<Utc>, writes: &[Write], commits: bool) -> Vec<Answer> {
        let mut transaction = self.store.pool().begin_with("begin immediate").await.unwrap();
        let (answers, good) =
            write_all(&mut self.store.transaction(&mut transaction), now, writes).await;
        match commits && good {
            true => transaction.commit().await.unwrap(),
            false => transaction.rollback().await.unwrap(),
        }
        answers
    }

    async fn clear(&mut self) {
        let script = "begin immediate; delete from puntual_tasks; delete from puntual_task_history;
            delete from puntual_notes; delete from puntual_counters; commit";
        sqlx::raw_sql(script).execute(self.store.pool()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_calls_are_answered_by_sqlite_as_by_the_reference() {
    let world = async || World::of(vec![Box::new(InFile::new().await)]);
    run("differential::sqlite", 500, [world().await, world().await]).await;
}
