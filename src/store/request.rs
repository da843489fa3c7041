//! What a store is asked to do, and what it answers.

use chrono::{DateTime, Utc};

use crate::task::{
    Channel, ClaimId, HistoryEntry, NewTask, Priority, Revision, SafeText, Task, TaskBody,
    TaskData, TaskId, TaskState,
};

/// What a store is: asked before the first claim, and brought along by every claim.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probe {
    /// The version of the stored schema.
    pub schema: u32,
    /// What survives a loss of power.
    pub durability: Durability,
    /// Which database this is.
    pub identity: StoreIdentity,
    /// The database server's own time, where there is a server.
    pub server_time: Option<DateTime<Utc>>,
    /// The environment that the database was sealed for: the text of the note
    /// [`SEAL_NOTE`](super::SEAL_NOTE).
    pub seal: Option<String>,
}

impl Probe {
    /// A probe without server time or seal.
    pub fn new(schema: u32, durability: Durability, identity: StoreIdentity) -> Probe {
        Probe { schema, durability, identity, server_time: None, seal: None }
    }
}

/// What an operator should know of a store; what does not apply to it, or is not known, is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Condition {
    /// Whether it hears of the work of other processes; where it does not, that waits for the poll.
    pub hears_others: Option<bool>,
    /// Whether a pooler hands sessions of the server around between transactions.
    pub pooled: Option<bool>,
    /// When the oldest transaction began that is open beside it and that it may see.
    pub oldest_transaction_at: Option<DateTime<Utc>>,
}

/// What survives a loss of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// Nothing: it is all in memory.
    Volatile,
    /// What was written may be lost in part.
    Relaxed,
    /// Everything that a call answered for.
    Durable,
}

/// Which database this is: a copy that runs elsewhere has another one, where that can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct StoreIdentity(pub String);

/// How an insert of one task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InsertOutcome {
    /// It is stored, now or by an earlier call with the same id.
    Inserted,
    /// Its key belongs to this task; nothing was changed.
    Taken(Box<Task>),
}

/// A claim: which id, until when, and how much of what.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimRequest {
    /// The id that the leases will carry.
    pub claim: ClaimId,
    /// Until when the leases last.
    pub lease_until: DateTime<Utc>,
    /// How much of which channel and priority; whatever has no quota is not looked at.
    pub quotas: Vec<Quota>,
    /// Whether this repeats a claim whose answer was lost: then nothing new is taken.
    pub repeated: bool,
}

impl ClaimRequest {
    /// A first claim.
    pub fn new(claim: ClaimId, lease_until: DateTime<Utc>, quotas: Vec<Quota>) -> ClaimRequest {
        ClaimRequest { claim, lease_until, quotas, repeated: false }
    }

    /// The same claim again, after its answer was lost.
    #[must_use]
    pub fn repeated(mut self) -> ClaimRequest {
        self.repeated = true;
        self
    }
}

/// How many tasks of one channel and priority a claim may take.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// The channel.
    pub channel: Channel,
    /// The priority.
    pub priority: Priority,
    /// At most so many; 0 means not asked for.
    pub limit: u32,
}

impl Quota {
    /// At most `limit` tasks of `channel` and `priority`.
    pub fn new(channel: Channel, priority: Priority, limit: u32) -> Quota {
        Quota { channel, priority, limit }
    }
}

/// What a claim took, and when to look again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claimed {
    /// The tasks, leased, in `(wake_at, id)` order.
    pub tasks: Vec<Task>,
    /// When to claim next (clause 5); `None` when nothing waits.
    pub next_wake_at: Option<DateTime<Utc>>,
    /// The store's probe, at no extra cost.
    pub probe: Probe,
}

impl Claimed {
    /// What a claim took.
    pub fn new(tasks: Vec<Task>, next_wake_at: Option<DateTime<Utc>>, probe: Probe) -> Claimed {
        Claimed { tasks, next_wake_at, probe }
    }
}

/// A longer lease; with `hand_off` also the mark that bytes may leave from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extension {
    /// Which task.
    pub task: TaskId,
    /// The claim that must still hold it.
    pub claim: ClaimId,
    /// The new end of the lease.
    pub until: DateTime<Utc>,
    /// Whether to mark the hand-off.
    pub hand_off: bool,
}

impl Extension {
    /// A longer lease.
    pub fn new(task: TaskId, claim: ClaimId, until: DateTime<Utc>) -> Extension {
        Extension { task, claim, until, hand_off: false }
    }

    /// The same with the mark of the hand-off.
    #[must_use]
    pub fn with_hand_off(mut self) -> Extension {
        self.hand_off = true;
        self
    }
}

/// A conditional write of one task, with its history entry and whatever follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Which task.
    pub task: TaskId,
    /// The revision that it must still have.
    pub expected: Revision,
    /// The new state.
    pub state: TaskState,
    /// When the engine must look again; `None` exactly when finished.
    pub wake_at: Option<DateTime<Utc>>,
    /// New times, where they change.
    pub times: Option<Times>,
    /// The priority from now on.
    pub priority: Priority,
    /// Attempts spent from now on.
    pub attempts: u32,
    /// What went wrong last.
    pub last_error: Option<SafeText>,
    /// Whether this ends the claim.
    pub lease: LeaseChange,
    /// The redacted recipient, where it changes.
    pub recipient: Option<SafeText>,
    /// The host's data, where it changes.
    pub data: Option<TaskData>,
    /// The body, where it changes.
    pub body: Option<TaskBody>,
    /// What goes into the history.
    pub entry: HistoryEntry,
    /// Tasks to insert with it; one whose key is taken is left out.
    pub inserts: Vec<NewTask>,
}

impl Change {
    /// A change of `task` that leaves everything as it is, but for its history entry.
    pub fn of(task: &Task, entry: HistoryEntry) -> Change {
        Change {
            task: task.id,
            expected: task.revision,
            state: task.state,
            wake_at: task.wake_at,
            times: None,
            priority: task.priority,
            attempts: task.attempts,
            last_error: task.last_error.clone(),
            lease: LeaseChange::Keep,
            recipient: None,
            data: None,
            body: None,
            entry,
            inserts: Vec::new(),
        }
    }

    /// Writes the change into `task`, as every store does it (clause 7): for stores that keep
    /// whole rows, and for tests that foretell one.
    pub fn write_into(&self, now: DateTime<Utc>, task: &mut Task) {
        task.revision = task.revision.next();
        task.state = self.state;
        task.wake_at = self.wake_at;
        if let Some(times) = &self.times {
            task.event_at = times.event_at;
            task.due_at = times.due_at;
            task.expires_at = times.expires_at;
        }
        task.priority = self.priority;
        task.attempts = self.attempts;
        task.last_error.clone_from(&self.last_error);
        if self.lease == LeaseChange::Clear {
            task.lease = None;
            task.unfinished_claims = 0;
        }
        if let Some(recipient) = &self.recipient {
            task.recipient.clone_from(recipient);
        }
        if let Some(data) = &self.data {
            task.data.clone_from(data);
        }
        if let Some(body) = &self.body {
            task.body.clone_from(body);
        }
        if self.state != TaskState::Sending {
            task.handed_off_at = None;
        }
        task.finished_at = self.state.is_finished().then_some(now);
        task.updated_at = now;
    }
}

/// New times of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Times {
    /// When the event takes place.
    pub event_at: Option<DateTime<Utc>>,
    /// When to send.
    pub due_at: DateTime<Utc>,
    /// From when on it is too late.
    pub expires_at: DateTime<Utc>,
}

impl Times {
    /// New times.
    pub fn new(
        event_at: Option<DateTime<Utc>>,
        due_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Times {
        Times { event_at, due_at, expires_at }
    }
}

/// Whether a change ends the claim that holds its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeaseChange {
    /// Lease and count of unfinished claims stay.
    Keep,
    /// An outcome: the lease ends, the count is 0 again.
    Clear,
}

/// How the write of one item ended. A lost race is no error: one loser must not fail 99 winners.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteOutcome {
    /// It is written; this is the row's revision now.
    Written(Revision),
    /// The row has another revision, or another claim: read again, decide again.
    Stale,
    /// There is no such row.
    Missing,
    /// Somebody else holds the row at this moment: repeat this item alone.
    Busy,
    /// The item itself cannot be written; nothing was.
    Rejected(SafeText),
}
