//! The worker process: this binary, started again by the test that kills it.

use std::path::PathBuf;
use std::time::Duration;

use puntual::store::SqliteStore;
use puntual::time::{Clock, SystemClock};

use super::engine;
use super::journal::{Journal, JournalNotifier};

/// The variable that names the database; without it this process is no worker.
pub(super) const DATABASE: &str = "PUNTUAL_KILLED_DATABASE";
/// The variable that names the journal.
pub(super) const JOURNAL: &str = "PUNTUAL_KILLED_JOURNAL";
/// A worker whose parent has died ends by itself.
const LIFE: Duration = Duration::from_secs(60);

/// No test: the `main` of the worker, because the only program that a test is sure to have is
/// itself. In an ordinary run nothing asks for a worker, and it returns at once.
#[test]
fn child_process_entry() {
    let (Some(database), Some(journal)) = (std::env::var_os(DATABASE), std::env::var_os(JOURNAL))
    else {
        return;
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(PathBuf::from(database)).await.unwrap();
        let journal = Journal::new(PathBuf::from(journal));
        let scheduler = engine(store, JournalNotifier::new(journal.clone()));
        journal.write_start();
        scheduler.run_until(SystemClock::new().sleep(LIFE)).await;
    });
}
