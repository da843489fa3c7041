//! What a store is asked to tell: pages of tasks and history, counts; and what to erase.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::task::{
    Channel, DedupKey, EntryId, HistoryEntry, Kind, PersonKey, Revision, Subject, Task, TaskId,
    TaskState, What,
};

/// Which tasks, in which order, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskQuery {
    /// Which tasks.
    pub filter: TaskFilter,
    /// In which order.
    pub order: TaskOrder,
    /// After this task: the last one of the page before, with its place in the order.
    pub after: Option<(DateTime<Utc>, TaskId)>,
    /// At most so many.
    pub limit: u32,
}

impl TaskQuery {
    /// The first page of `limit` tasks, by id.
    pub fn new(filter: TaskFilter, limit: u32) -> TaskQuery {
        TaskQuery { filter, order: TaskOrder::Id, after: None, limit }
    }

    /// In another order.
    #[must_use]
    pub fn in_order(mut self, order: TaskOrder) -> TaskQuery {
        self.order = order;
        self
    }

    /// The page after `task`.
    #[must_use]
    pub fn after(mut self, task: &Task) -> TaskQuery {
        let place = match self.order {
            TaskOrder::Id => task.created_at,
            TaskOrder::DueAt => task.due_at,
        };
        self.after = Some((place, task.id));
        self
    }
}

/// Which tasks: each part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskFilter {
    /// Only these ids.
    pub ids: Option<Vec<TaskId>>,
    /// Only these keys.
    pub keys: Option<Vec<DedupKey>>,
    /// Only this subject.
    pub subject: Option<Subject>,
    /// Only this person.
    pub person: Option<PersonKey>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only this channel.
    pub channel: Option<Channel>,
    /// Only these states.
    pub states: Option<Vec<TaskState>>,
    /// Only pending (true) or finished (false) tasks: those with and without a `wake_at`.
    pub pending: Option<bool>,
    /// Only tasks due at or after this instant.
    pub due_from: Option<DateTime<Utc>>,
    /// Only tasks due before this instant.
    pub due_before: Option<DateTime<Utc>>,
}

impl TaskFilter {
    /// These ids.
    pub fn ids(ids: impl IntoIterator<Item = TaskId>) -> TaskFilter {
        TaskFilter { ids: Some(ids.into_iter().collect()), ..TaskFilter::default() }
    }

    /// These keys.
    pub fn keys(keys: impl IntoIterator<Item = DedupKey>) -> TaskFilter {
        TaskFilter { keys: Some(keys.into_iter().collect()), ..TaskFilter::default() }
    }

    /// Everything about a subject.
    pub fn subject(subject: Subject) -> TaskFilter {
        TaskFilter { subject: Some(subject), ..TaskFilter::default() }
    }

    /// Everything for a person.
    pub fn person(person: PersonKey) -> TaskFilter {
        TaskFilter { person: Some(person), ..TaskFilter::default() }
    }

    /// Only of these states.
    #[must_use]
    pub fn in_states(mut self, states: impl IntoIterator<Item = TaskState>) -> TaskFilter {
        self.states = Some(states.into_iter().collect());
        self
    }

    /// Only of this kind.
    #[must_use]
    pub fn of_kind(mut self, kind: Kind) -> TaskFilter {
        self.kind = Some(kind);
        self
    }

    /// Only on this channel.
    #[must_use]
    pub fn on_channel(mut self, channel: Channel) -> TaskFilter {
        self.channel = Some(channel);
        self
    }

    /// Only pending tasks, or only finished ones.
    #[must_use]
    pub fn pending(mut self, pending: bool) -> TaskFilter {
        self.pending = Some(pending);
        self
    }

    /// Only tasks due from this instant on, and before that one.
    #[must_use]
    pub fn due_between(mut self, from: DateTime<Utc>, before: DateTime<Utc>) -> TaskFilter {
        (self.due_from, self.due_before) = (Some(from), Some(before));
        self
    }

    /// Whether `task` is one of them.
    pub fn matches(&self, task: &Task) -> bool {
        fn is<T: PartialEq>(wanted: &Option<T>, found: &T) -> bool {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        }
        fn among<T: PartialEq>(wanted: &Option<Vec<T>>, found: &T) -> bool {
            wanted.as_ref().is_none_or(|wanted| wanted.contains(found))
        }
        among(&self.ids, &task.id)
            && among(&self.keys, &task.dedup_key)
            && is(&self.subject, &task.subject)
            && is(&self.person, &task.person)
            && is(&self.kind, &task.kind)
            && is(&self.channel, &task.channel)
            && among(&self.states, &task.state)
            && is(&self.pending, &task.wake_at.is_some())
            && self.due_from.is_none_or(|from| task.due_at >= from)
            && self.due_before.is_none_or(|before| task.due_at < before)
    }
}

/// The order of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskOrder {
    /// By id, which is the order in which tasks were made.
    Id,
    /// By due time, then id.
    DueAt,
}

/// Which history, oldest first by `(at, revision, entry id)`, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryQuery {
    /// Only of this task.
    pub task: Option<TaskId>,
    /// Only entries at or after this instant.
    pub from: Option<DateTime<Utc>>,
    /// After this entry: the last one of the page before.
    pub after: Option<(DateTime<Utc>, Revision, EntryId)>,
    /// At most so many.
    pub limit: u32,
}

impl HistoryQuery {
    /// The history of one task.
    pub fn of(task: TaskId, limit: u32) -> HistoryQuery {
        HistoryQuery { task: Some(task), from: None, after: None, limit }
    }

    /// The history of everything since an instant.
    pub fn since(from: DateTime<Utc>, limit: u32) -> HistoryQuery {
        HistoryQuery { task: None, from: Some(from), after: None, limit }
    }

    /// The page after `last`.
    #[must_use]
    pub fn after(mut self, last: &StoredEntry) -> HistoryQuery {
        self.after = Some(last.place());
        self
    }
}

/// A history entry as it is stored: with the row's revision after it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredEntry {
    /// The entry.
    pub entry: HistoryEntry,
    /// The row's revision after it.
    pub revision: Revision,
}

impl StoredEntry {
    /// Its place in the order of a history: `(at, revision, entry id)`.
    pub fn place(&self) -> (DateTime<Utc>, Revision, EntryId) {
        (self.entry.at, self.revision, self.entry.id)
    }

    /// An entry and the revision after it.
    pub fn new(entry: HistoryEntry, revision: Revision) -> StoredEntry {
        StoredEntry { entry, revision }
    }
}

/// What to erase; of finished rows only.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Erase {
    /// Rows whose finish and event both lie before this instant, with their history.
    FinishedBefore(DateTime<Utc>),
    /// Bodies of such rows: the first line of the body stays
    /// ([`TaskBody::blanked`](crate::task::TaskBody::blanked)); data, redacted recipient, last
    /// error, and the details of the history go.
    BodiesBefore(DateTime<Utc>),
    /// Everything of one person, with its history.
    Person(PersonKey),
}

/// What is stored, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// Rows by state, kind and channel.
    pub tasks: Vec<TaskCount>,
    /// Pending rows whose due time is over, and the oldest due time among them.
    pub overdue: u64,
    /// The oldest due time of a pending row.
    pub oldest_due_at: Option<DateTime<Utc>>,
    /// The next `wake_at` of a pending row.
    pub next_wake_at: Option<DateTime<Utc>>,
    /// Rows under a live lease.
    pub leased: u64,
    /// History entries stored.
    pub entries: u64,
    /// What `erase` removed so far.
    pub erased: Counters,
}

/// Rows of one state, kind and channel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields say it")]
pub struct TaskCount {
    pub state: TaskState,
    pub kind: Kind,
    pub channel: Channel,
    pub count: u64,
}

impl TaskCount {
    /// So many rows.
    pub fn new(state: TaskState, kind: Kind, channel: Channel, count: u64) -> TaskCount {
        TaskCount { state, kind, channel, count }
    }
}

/// What `erase` removed so far: the books stay balanced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Removed rows by the state in which they had finished.
    pub tasks: BTreeMap<TaskState, u64>,
    /// Removed history entries by what they told.
    pub entries: BTreeMap<What, u64>,
}
