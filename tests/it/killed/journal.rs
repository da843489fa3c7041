//! The receiver's journal: one line for each message that it accepted, on disk before the answer.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use puntual::chrono::{DateTime, SecondsFormat, Utc};
use puntual::notify::{
    Attempt, Notification, Notifier, NotifyError, NotifyErrorKind, OnUncertain, Receipt,
    SentMessage,
};
use puntual::task::{Channel, TaskId};
use puntual::time::{Clock, SystemClock};

use super::child::StopAt;

/// A file of lines, and one beside it that counts the workers.
#[derive(Debug, Clone)]
pub(super) struct Journal(PathBuf);

/// One accepted message.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) task: TaskId,
    pub(crate) key: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) due_at: DateTime<Utc>,
    /// The process that sent it.
    pub(crate) worker: u32,
}

impl From<&SentMessage> for Line {
    fn from(sent: &SentMessage) -> Line {
        Line {
            task: sent.task,
            key: sent.key.clone(),
            at: sent.at,
            due_at: sent.notification.due_at,
            worker: std::process::id(),
        }
    }
}

impl Journal {
    pub(super) fn new(path: PathBuf) -> Journal {
        Journal(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    fn starts_path(&self) -> PathBuf {
        self.0.with_extension("starts")
    }

    /// Notes that a worker runs.
    pub(super) fn write_start(&self) {
        append(&self.starts_path(), "started\n");
    }

    /// How many workers have run.
    pub(super) fn starts(&self) -> usize {
        read(&self.starts_path()).lines().count()
    }

    /// All whole lines. One write of the system makes a line, so none is torn by a kill.
    pub(super) fn lines(&self) -> Vec<Line> {
        read(&self.0).lines().map(Line::parse).collect()
    }
}

impl Line {
    fn parse(line: &str) -> Line {
        let [key, at, due_at, worker] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("a torn line: {line:?}");
        };
        let task = key.split_once('.').unwrap().0.parse().unwrap();
        let [at, due_at] = [at, due_at].map(|at| at.parse().unwrap());
        Line { task, key: key.to_owned(), at, due_at, worker: worker.parse().unwrap() }
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn append(path: &Path, line: &str) {
    let mut file: File = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(line.as_bytes()).unwrap();
    file.sync_data().unwrap();
}

/// Accepts everything, slowly enough to be killed at any point of it.
#[derive(Debug)]
pub(super) struct JournalNotifier {
    journal: Journal,
    clock: SystemClock,
    stop_at: Option<StopAt>,
}

impl JournalNotifier {
    pub(super) fn new(journal: Journal, stop_at: Option<StopAt>) -> JournalNotifier {
        JournalNotifier { journal, clock: SystemClock::new(), stop_at }
    }

    /// As long as a fast provider thinks.
    async fn think(&self) {
        self.clock.sleep(Duration::from_millis(3)).await;
    }
}

#[async_trait]
impl Notifier for JournalNotifier {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Hold // the builder says otherwise
    }

    fn concurrency(&self) -> usize {
        8
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> Result<Receipt, NotifyError> {
        self.think().await;
        StopAt::Rendered.reached(self.stop_at);
        let handed_off = attempt.hand_off().await?;
        self.think().await;
        StopAt::HandedOff.reached(self.stop_at);
        if handed_off.time_left().is_zero() {
            let late = "another worker may have the task by now";
            return Err(NotifyError::new(NotifyErrorKind::Transient, "late", late));
        }
        let [at, due_at] = [attempt.now(), notification.due_at]
            .map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true));
        let (key, worker) = (attempt.idempotency_key(), std::process::id());
        append(self.journal.path(), &format!("{key} {at} {due_at} {worker}\n"));
        StopAt::Accepted.reached(self.stop_at);
        self.think().await;
        Ok(handed_off.accepted("written down"))
    }
}
