//! One line of what happened to a task, and why.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::{EntryId, Reason, SafeText, TaskId, TaskState};

/// One line of a task's history: what happened, when, and why.
///
/// The store adds the row's revision after the change (`revision_after` of the stored line), by
/// which a repeated change is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// Who the entry is; a repeated change carries the same id.
    pub id: EntryId,
    /// The task it belongs to.
    pub task: TaskId,
    /// When it happened, by the engine's clock.
    pub at: DateTime<Utc>,
    /// What happened.
    pub what: What,
    /// The row's state after it.
    pub state: TaskState,
    /// The generation that it concerns; a late result concerns an older one.
    pub generation: u32,
    /// The number of the attempt that it concerns, from 1; 0 where there was none.
    pub attempt: u32,
    /// Why, in a word that has a sentence.
    pub reason: Option<Reason>,
    /// The code that a provider or notifier gave: `550 5.1.1`.
    pub code: Option<SafeText>,
    /// More about it, for people.
    pub detail: Option<SafeText>,
    /// What the provider calls the message.
    pub provider_id: Option<SafeText>,
    /// Sent minus due, for a message that was sent.
    pub lateness: Option<TimeDelta>,
    /// What comes next, and when: the due time, the next attempt, the end of a deferral.
    pub until: Option<DateTime<Utc>>,
}

impl HistoryEntry {
    /// An entry without particulars.
    pub fn new(id: EntryId, task: TaskId, at: DateTime<Utc>, what: What, state: TaskState) -> Self {
        HistoryEntry {
            id,
            task,
            at,
            what,
            state,
            generation: 1,
            attempt: 0,
            reason: None,
            code: None,
            detail: None,
            provider_id: None,
            lateness: None,
            until: None,
        }
    }
}

macro_rules! what {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What a history entry tells.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum What {
            $($(#[$doc])* $name,)*
            /// Something that a newer version wrote.
            Unknown,
        }

        impl What {
            /// Everything that is written.
            pub const ALL: &[What] = &[$(What::$name),*];

            /// The word that is stored.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(What::$name => $word,)*
                    What::Unknown => "unknown",
                }
            }

            /// What a stored word means; a word that no version here writes is `Unknown`.
            pub fn from_stored(word: &str) -> What {
                match word {
                    $($word => What::$name,)*
                    _ => What::Unknown,
                }
            }
        }
    };
}

what! {
    /// The reminder was stored.
    Scheduled = "scheduled",
    /// Its trigger, content, address or policy changed.
    Updated = "updated",
    /// Its event moved.
    Moved = "moved",
    /// A finished row came back to life.
    Reopened = "reopened",
    /// Its due time was computed anew because the rules of a zone changed.
    Rescheduled = "rescheduled",
    /// The host cancelled while the message was being sent.
    CancelRequested = "cancel_requested",
    /// The host cancelled.
    Cancelled = "cancelled",
    /// The provider accepted the message.
    Sent = "sent",
    /// An attempt failed; another follows.
    Retried = "retried",
    /// Put off without spending an attempt.
    Deferred = "deferred",
    /// Nobody can know whether the provider accepted.
    Uncertain = "uncertain",
    /// A rule said not to send.
    Skipped = "skipped",
    /// It became too late to be of use.
    Expired = "expired",
    /// It cannot be delivered.
    Failed = "failed",
    /// A person must decide.
    Held = "held",
    /// A worker gave the row back, or its work was abandoned before hand-off.
    Released = "released",
    /// A person decided.
    Resolved = "resolved",
    /// The result of a message for an older generation came in.
    LateResult = "late_result",
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
