//! Where a row stands: its state, its priority and who holds it.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ClaimId;

/// Where a task stands. A retry is `Scheduled` with attempts spent; a lease is no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TaskState {
    /// Pending: it goes out when it is due.
    Scheduled,
    /// Pending: handed off, so bytes may have left.
    Sending,
    /// Pending: a person must decide.
    Held,
    /// Finished: the provider accepted it.
    Sent,
    /// Finished: a rule said not to send.
    Skipped,
    /// Finished: the host no longer wants it.
    Cancelled,
    /// Finished: it became too late to be of use.
    Expired,
    /// Finished: it cannot be delivered.
    Failed,
    /// A state that a newer version wrote. It counts as pending and is never written.
    Unknown,
}

impl TaskState {
    /// Every state that is written, pending ones first.
    pub const ALL: [TaskState; 8] = [
        TaskState::Scheduled,
        TaskState::Sending,
        TaskState::Held,
        TaskState::Sent,
        TaskState::Skipped,
        TaskState::Cancelled,
        TaskState::Expired,
        TaskState::Failed,
    ];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            TaskState::Scheduled => "scheduled",
            TaskState::Sending => "sending",
            TaskState::Held => "held",
            TaskState::Sent => "sent",
            TaskState::Skipped => "skipped",
            TaskState::Cancelled => "cancelled",
            TaskState::Expired => "expired",
            TaskState::Failed => "failed",
            TaskState::Unknown => "unknown",
        }
    }

    /// The state of a stored word; a word that no version here writes is [`TaskState::Unknown`].
    pub fn from_stored(word: &str) -> TaskState {
        Self::ALL.into_iter().find(|state| state.as_str() == word).unwrap_or(TaskState::Unknown)
    }

    /// Whether the engine is done with such a row.
    pub fn is_finished(self) -> bool {
        match self {
            TaskState::Scheduled | TaskState::Sending | TaskState::Held | TaskState::Unknown => {
                false
            }
            TaskState::Sent
            | TaskState::Skipped
            | TaskState::Cancelled
            | TaskState::Expired
            | TaskState::Failed => true,
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which of two due tasks goes first.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Priority {
    /// Passes a backlog: confirmations, and whatever a person is waiting for.
    High,
    /// Everything else.
    #[default]
    Normal,
}

impl Priority {
    /// Both priorities, the first to be served first.
    pub const ALL: [Priority; 2] = [Priority::High, Priority::Normal];

    /// The number that is stored: 0 for high, 1 for normal.
    pub fn as_number(self) -> u8 {
        match self {
            Priority::High => 0,
            Priority::Normal => 1,
        }
    }

    /// The priority of a stored number; whatever is not 0 is normal.
    pub fn from_stored(number: i64) -> Priority {
        if number == 0 { Priority::High } else { Priority::Normal }
    }
}

/// A worker's time-limited right to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The claim that holds the row.
    pub claim: ClaimId,
    /// Until when nobody else takes it.
    pub until: DateTime<Utc>,
}
