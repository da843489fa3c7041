//! What the engine answers.

use chrono::{DateTime, Utc};

use crate::task::{Channel, Kind, Reason, SafeText, Subject, TaskId, TaskState, What};

/// What became of one reminder that was scheduled or moved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduleOutcome {
    /// What happened.
    pub what: Scheduling,
    /// The task.
    pub id: TaskId,
    /// Its kind.
    pub kind: Kind,
    /// Where it stands now.
    pub state: TaskState,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// Why it was skipped.
    pub reason: Option<Reason>,
}

/// What scheduling or moving did to one reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheduling {
    /// It is new.
    Scheduled,
    /// Its trigger, content, address or policy changed, in place.
    Updated,
    /// Its event moved: nothing goes out for the old time any more.
    Moved,
    /// Its event moved, but the message for the old time was handed off already and may still
    /// arrive; the new one follows.
    MovedInFlight,
    /// It had finished and lives again.
    Reopened,
    /// Nothing changed.
    Unchanged,
    /// It will not be sent; the reason says why.
    Skipped,
}

/// What became of one task that was cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CancelOutcome {
    /// What happened.
    pub what: Cancelling,
    /// The task.
    pub id: TaskId,
    /// Its kind.
    pub kind: Kind,
    /// Where it stands now.
    pub state: TaskState,
}

/// What cancelling did to one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cancelling {
    /// It is cancelled: nothing of it goes out any more.
    Cancelled,
    /// It was handed off already and may still arrive; if the attempt fails it is cancelled.
    PendingSending,
    /// It had finished before.
    AlreadyFinished,
}

/// How one claimed task left its round; for the host's hook `on_outcome`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The task.
    pub task: TaskId,
    /// Its kind.
    pub kind: Kind,
    /// What it is about.
    pub subject: Subject,
    /// Its channel.
    pub channel: Channel,
    /// What happened.
    pub what: What,
    /// Where it stands now.
    pub state: TaskState,
    /// Why.
    pub reason: Option<Reason>,
    /// The code that the notifier gave.
    pub code: Option<SafeText>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What one round did. The parts add up to `claimed`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessReport {
    /// Tasks that were claimed.
    pub claimed: u32,
    /// Accepted by their provider.
    pub sent: u32,
    /// Failed, and tried again later.
    pub retried: u32,
    /// Put off without a definite failure.
    pub deferred: u32,
    /// Not sent by a rule.
    pub skipped: u32,
    /// Not sent because it is too late.
    pub expired: u32,
    /// Not deliverable.
    pub failed: u32,
    /// Held for a person.
    pub held: u32,
    /// Cancelled by the host meanwhile.
    pub cancelled: u32,
    /// Taken over, moved or cancelled by somebody else meanwhile.
    pub lost: u32,
    /// When to look again.
    pub next_wake_at: Option<DateTime<Utc>>,
}

impl ProcessReport {
    pub(crate) fn count(&mut self, what: What, state: TaskState) {
        self.claimed += 1;
        let part = match (what, state) {
            (_, TaskState::Sent) => &mut self.sent,
            (_, TaskState::Skipped) => &mut self.skipped,
            (_, TaskState::Expired) => &mut self.expired,
            (_, TaskState::Failed) => &mut self.failed,
            (_, TaskState::Held) => &mut self.held,
            (_, TaskState::Cancelled) => &mut self.cancelled,
            (What::Retried, _) => &mut self.retried,
            _ => &mut self.deferred,
        };
        *part += 1;
    }

    pub(crate) fn count_lost(&mut self) {
        self.claimed += 1;
        self.lost += 1;
    }

    /// Adds what another round did.
    pub(crate) fn add(&mut self, other: &ProcessReport) {
        self.claimed += other.claimed;
        self.sent += other.sent;
        self.retried += other.retried;
        self.deferred += other.deferred;
        self.skipped += other.skipped;
        self.expired += other.expired;
        self.failed += other.failed;
        self.held += other.held;
        self.cancelled += other.cancelled;
        self.lost += other.lost;
        self.next_wake_at = other.next_wake_at;
    }
}
