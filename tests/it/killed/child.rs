//! The worker process: this binary, started again by the test that kills it.

use std::convert::Infallible;
use std::future::Future;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use puntual::scheduler::GuardAnswer;
use puntual::store::TaskStore;
use puntual::time::{Clock, SystemClock};

use super::builder;
use super::journal::{Journal, JournalNotifier};

/// The variable that names the journal; without it this process is no worker.
pub(super) const JOURNAL: &str = "PUNTUAL_KILLED_JOURNAL";
/// The variable that says where the worker freezes.
pub(super) const STOP_AT: &str = "PUNTUAL_KILLED_STOP_AT";
/// A worker whose parent has died ends by itself.
const LIFE: Duration = Duration::from_secs(60);

/// Where a worker freezes, once: after a claim, before its gate, between gate and first byte,
/// before the answer, and after the outcome is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopAt {
    Claimed,
    Rendered,
    HandedOff,
    Accepted,
    Recorded,
}

impl StopAt {
    pub(super) const ALL: [StopAt; 5] =
        [StopAt::Claimed, StopAt::Rendered, StopAt::HandedOff, StopAt::Accepted, StopAt::Recorded];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            StopAt::Claimed => "claimed",
            StopAt::Rendered => "rendered",
            StopAt::HandedOff => "handed off",
            StopAt::Accepted => "accepted",
            StopAt::Recorded => "recorded",
        }
    }

    /// Freezes this process if it is to freeze here, and has not yet.
    pub(super) fn reached(self, wanted: Option<StopAt>) {
        static FROZEN: AtomicBool = AtomicBool::new(false);
        if wanted == Some(self) && !FROZEN.swap(true, Ordering::AcqRel) {
            signal("STOP", std::process::id());
        }
    }
}

/// Sends a signal to a process.
pub(super) fn signal(name: &str, pid: u32) {
    let order = format!("kill -{name} {pid}");
    assert!(Command::new("sh").args(["-c", &order]).status().unwrap().success());
}

/// The `main` of a worker on the store that `open` opens. In an ordinary run nothing asks for a
/// worker, and it returns at once.
pub(super) fn work<S: TaskStore>(open: impl Future<Output = S>) {
    let Some(journal) = std::env::var_os(JOURNAL) else { return };
    let stop_at = std::env::var(STOP_AT).ok();
    let stop_at = StopAt::ALL.into_iter().find(|at| Some(at.as_str()) == stop_at.as_deref());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::new(PathBuf::from(journal));
        let scheduler = builder(open.await, JournalNotifier::new(journal.clone(), stop_at))
            .guard(move |_| async move {
                StopAt::Claimed.reached(stop_at);
                Ok::<_, Infallible>(GuardAnswer::Send)
            })
            .on_outcome(move |_: &_| StopAt::Recorded.reached(stop_at))
            .build()
            .unwrap();
        journal.write_start();
        let clock = SystemClock::new();
        // It ends when the parent closes it, or has died.
        let input = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0]));
        let shutdown = async {
            tokio::select! {
                biased;
                _ = input => {}
                () = clock.sleep(LIFE) => {}
            }
        };
        scheduler.run_until(shutdown).await;
    });
    // A read of the input may still wait, and must not keep the process alive.
    runtime.shutdown_background();
}
