//! What a scripted notifier saw, line by line.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::notify::{Attempt, Notification};
use crate::task::TaskId;

/// One attempt as the notifier saw it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct JournalLine {
    /// When it began, by the engine's clock.
    pub at: DateTime<Utc>,
    /// Its task.
    pub task: TaskId,
    /// Its idempotency key: the same for repeats of one message.
    pub key: String,
    /// Its number.
    pub attempt: u32,
    /// The message.
    pub notification: Notification,
    /// What the gate said.
    pub gate: GateSeen,
    /// When the gate opened: a message that left did not leave before.
    pub handed_off_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub end: AttemptEnd,
}

/// What an attempt saw of its gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GateSeen {
    /// It did not ask, or has no answer yet.
    NotYet,
    /// It was open: bytes may have left.
    Open,
    /// It was closed: nothing left.
    Closed,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptEnd {
    /// It is still running.
    Running,
    /// The provider accepted.
    Accepted,
    /// It answered with an error.
    Failed,
    /// It panicked.
    Panicked,
    /// The engine gave it up: a deadline, or a stop.
    Dropped,
}

/// All lines; clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Journal(Arc<Mutex<Vec<JournalLine>>>);

impl Journal {
    pub(super) fn lines(&self) -> MutexGuard<'_, Vec<JournalLine>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a line; what becomes of it is noted through the pen.
    pub(super) fn begin(&self, attempt: &Attempt, notification: &Notification) -> Pen {
        let mut lines = self.lines();
        lines.push(JournalLine {
            at: attempt.now(),
            task: attempt.task(),
            key: attempt.idempotency_key(),
            attempt: attempt.number(),
            notification: notification.clone(),
            gate: GateSeen::NotYet,
            handed_off_at: None,
            end: AttemptEnd::Running,
        });
        Pen { journal: self.clone(), line: lines.len() - 1 }
    }
}

/// Writes one line; dropped without a word, it notes why.
pub(super) struct Pen {
    journal: Journal,
    line: usize,
}

impl Pen {
    pub(super) fn note(&self, write: impl FnOnce(&mut JournalLine)) {
        if let Some(line) = self.journal.lines().get_mut(self.line) {
            write(line);
        }
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        let panicking = std::thread::panicking();
        self.note(|line| {
            if line.end == AttemptEnd::Running {
                line.end = if panicking { AttemptEnd::Panicked } else { AttemptEnd::Dropped };
            }
        });
    }
}
