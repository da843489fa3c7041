//! Workers on an SQLite file.

use std::path::PathBuf;

use puntual::store::SqliteStore;

use super::child;
use super::journal::Journal;
use super::workers::Workers;

/// The variable that names the database.
const DATABASE: &str = "PUNTUAL_KILLED_DATABASE";

/// No test: the `main` of the worker, because the only program that a test is sure to have is
/// itself.
#[test]
fn child_process_entry() {
    child::work(async {
        let database = PathBuf::from(std::env::var_os(DATABASE).unwrap());
        SqliteStore::open(database).await.unwrap()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_killed_processes_left_is_sent_or_held_and_nothing_goes_out_twice_unsaid() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("reminders.db");
    let store = SqliteStore::open(&database).await.unwrap();
    let workers = Workers {
        entry: "killed::sqlite::child_process_entry",
        store: vec![(DATABASE, database.into())],
        journal: Journal::new(directory.path().join("journal")),
    };
    super::check_kills(store.clone(), workers).await;
    store.close().await;
}
