//! Worker processes: started, stopped in good order, killed, frozen and thawed.

use std::ffi::OsString;
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::child::{JOURNAL, STOP_AT, StopAt, signal};
use super::journal::Journal;

/// How to start this binary again as a worker on one store and one journal.
pub(super) struct Workers {
    /// The path of the test that is the `main` of the worker.
    pub(super) entry: &'static str,
    /// The variables that name the store.
    pub(super) store: Vec<(&'static str, OsString)>,
    pub(super) journal: Journal,
}

/// One running worker; killed when dropped.
pub(super) struct Worker(Child);

impl Workers {
    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Starts a worker that freezes itself where it is told to.
    pub(super) fn start(&self, stop_at: Option<StopAt>) -> Worker {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", self.entry, "--nocapture"])
            .env(JOURNAL, self.journal.path())
            .envs(self.store.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if let Some(stop_at) = stop_at {
            command.env(STOP_AT, stop_at.as_str());
        }
        Worker(command.spawn().unwrap())
    }
}

impl Worker {
    pub(super) fn pid(&self) -> u32 {
        self.0.id().unwrap()
    }

    /// SIGKILL.
    pub(super) async fn kill(&mut self) {
        self.0.kill().await.unwrap();
    }

    /// Asks it to stop in good order, and waits for it.
    pub(super) async fn stop(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().await.unwrap().success(), "a worker ends in good order");
    }

    /// SIGSTOP.
    pub(super) fn freeze(&self) {
        signal("STOP", self.pid());
    }

    /// SIGCONT.
    pub(super) fn thaw(&self) {
        signal("CONT", self.pid());
    }

    /// Whether the system says that it is frozen.
    pub(super) fn is_frozen(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        // After the name, which may hold anything but ends at the last bracket.
        status.rsplit_once(')').unwrap().1.trim_start().starts_with('T')
    }
}
