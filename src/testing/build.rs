//! Builders for rows and changes, so that a test says what matters to it and nothing else.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};

use super::clock::IntoInstant;
use crate::store::{Change, LeaseChange, Times};
use crate::task::{
    Channel, ClaimId, DedupKey, EntryId, HistoryEntry, Kind, NewTask, PersonKey, Priority, Reason,
    Revision, SafeText, Subject, Task, TaskBody, TaskData, TaskId, TaskState, What,
};
use crate::time::saturating_add;

/// An id that no other call in this process gave; later ones sort after earlier ones of the same
/// `now`. Nothing is random: a test that runs alone sees the same ids every time.
pub fn task_id(now: DateTime<Utc>) -> TaskId {
    TaskId::from_uuid(next_uuid(now))
}

/// As [`task_id`], for a claim.
pub fn claim_id(now: DateTime<Utc>) -> ClaimId {
    ClaimId::from_uuid(next_uuid(now))
}

/// As [`task_id`], for a history entry.
pub fn entry_id(now: DateTime<Utc>) -> EntryId {
    EntryId::from_uuid(next_uuid(now))
}

fn next_uuid(now: DateTime<Utc>) -> uuid::Uuid {
    static MADE: AtomicU64 = AtomicU64::new(1);
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

/// Begins a row to insert: about a booking of its own, for user 1, by e-mail, due now and of no
/// use six hours later.
///
/// # Examples
///
/// ```
/// use puntual::store::{InsertOutcome, MemoryStore, TaskStore};
/// use puntual::testing::{self, IntoInstant};
///
/// # tokio_test::block_on(async {
/// let now = "2026-07-10T13:00:00Z".into_instant();
/// let new = testing::new_task(now, "reminder_24h").due("2026-07-11T13:00:00Z").build();
/// let outcomes = MemoryStore::new().insert(now, &[new]).await?;
/// assert_eq!(outcomes, [InsertOutcome::Inserted]);
/// # Ok::<(), puntual::store::StoreError>(())
/// # }).unwrap();
/// ```
pub fn new_task(now: DateTime<Utc>, kind: &str) -> NewTaskBuilder {
    let id = task_id(now);
    let entry = HistoryEntry::new(entry_id(now), id, now, What::Scheduled, TaskState::Scheduled);
    let new = NewTask::new(
        id,
        Kind::from_stored(kind.to_owned()),
        Subject::new("booking", id),
        PersonKey::from_stored("user 1".to_owned()),
        Channel::EMAIL,
        now,
        saturating_add(now, std::time::Duration::from_secs(6 * 60 * 60)),
        entry,
    );
    NewTaskBuilder(new)
}

/// A row in the making; begun by [`new_task`].
#[derive(Debug, Clone)]
pub struct NewTaskBuilder(NewTask);

impl NewTaskBuilder {
    /// Another id than the one that was made for it.
    #[must_use]
    pub fn id(mut self, id: TaskId) -> Self {
        (self.0.id, self.0.entry.task) = (id, id);
        self
    }

    /// What it is about.
    #[must_use]
    pub fn about(mut self, subject: Subject) -> Self {
        self.0.subject = subject;
        self.with_key()
    }

    /// Whom it is for.
    #[must_use]
    pub fn person(mut self, person: &str) -> Self {
        self.0.person = PersonKey::from_stored(person.to_owned());
        self.with_key()
    }

    /// On which channel.
    #[must_use]
    pub fn channel(mut self, channel: Channel) -> Self {
        self.0.channel = channel;
        self.with_key()
    }

    /// How urgent.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.0.priority = priority;
        self
    }

    /// When it is due; it wakes then, and is of no use six hours later.
    #[must_use]
    pub fn due(mut self, at: impl IntoInstant) -> Self {
        let at = at.into_instant();
        self.0.due_at = at;
        self.0.wake_at = Some(at);
        self.expires(saturating_add(at, std::time::Duration::from_secs(6 * 60 * 60)))
    }

    /// When the engine looks at it, where that is not its due time.
    #[must_use]
    pub fn wakes(mut self, at: impl IntoInstant) -> Self {
        self.0.wake_at = Some(at.into_instant());
        self
    }

    /// From when on it is of no use.
    #[must_use]
    pub fn expires(mut self, at: impl IntoInstant) -> Self {
        self.0.expires_at = at.into_instant();
        self
    }

    /// When its event takes place.
    #[must_use]
    pub fn event(mut self, at: impl IntoInstant) -> Self {
        self.0.event_at = Some(at.into_instant());
        self
    }

    /// In another state; a finished row does not wake.
    #[must_use]
    pub fn state(mut self, state: TaskState) -> Self {
        (self.0.state, self.0.entry.state) = (state, state);
        self.0.entry.what = what_tells(state);
        if state.is_finished() {
            self.0.wake_at = None;
        }
        self
    }

    /// The redacted recipient.
    #[must_use]
    pub fn recipient(mut self, shown: &str) -> Self {
        self.0.recipient = shown.into();
        self
    }

    /// The host's data, taken as it is.
    #[must_use]
    pub fn data(mut self, json: &str) -> Self {
        self.0.data = TaskData::from_stored(json.to_owned());
        self
    }

    /// The engine's body, taken as it is.
    #[must_use]
    pub fn body(mut self, text: &str) -> Self {
        self.0.body = TaskBody::from_stored(text.to_owned());
        self
    }

    /// The row.
    pub fn build(self) -> NewTask {
        self.0
    }

    fn with_key(mut self) -> Self {
        let new = &mut self.0;
        new.dedup_key = DedupKey::of(&new.kind, &new.subject, &new.channel, &new.person);
        self
    }
}

/// Begins a change of `task` as it stands in the test's hands: it expects that revision, and
/// leaves everything as it is but for its history entry.
///
/// # Examples
///
/// ```
/// use puntual::store::{MemoryStore, TaskStore, TaskStoreExt, WriteOutcome};
/// use puntual::task::{Revision, TaskState};
/// use puntual::testing::{self, IntoInstant};
///
/// # tokio_test::block_on(async {
/// let now = "2026-07-10T13:00:00Z".into_instant();
/// let store = MemoryStore::new();
/// let new = testing::new_task(now, "reminder_24h").build();
/// store.insert(now, &[new.clone()]).await?;
///
/// let task = store.task(new.id).await?.expect("it was just stored");
/// let cancel = testing::change(&task).to(TaskState::Cancelled).build();
/// assert_eq!(store.apply(now, &[cancel]).await?, [WriteOutcome::Written(Revision(2))]);
/// # Ok::<(), puntual::store::StoreError>(())
/// # }).unwrap();
/// ```
pub fn change(task: &Task) -> ChangeBuilder {
    let at = task.updated_at;
    let entry = HistoryEntry::new(entry_id(at), task.id, at, What::Updated, task.state);
    ChangeBuilder(Change::of(task, entry))
}

/// A change in the making; begun by [`change`].
#[derive(Debug, Clone)]
pub struct ChangeBuilder(Change);

impl ChangeBuilder {
    /// To another state, with the history entry that tells it; a finished row does not wake.
    #[must_use]
    pub fn to(mut self, state: TaskState) -> Self {
        (self.0.state, self.0.entry.state) = (state, state);
        self.0.entry.what = what_tells(state);
        if state.is_finished() {
            self.0.wake_at = None;
        }
        self
    }

    /// When the engine looks again.
    #[must_use]
    pub fn wakes(mut self, at: impl IntoInstant) -> Self {
        self.0.wake_at = Some(at.into_instant());
        self
    }

    /// When it happened, for the history.
    #[must_use]
    pub fn at(mut self, at: impl IntoInstant) -> Self {
        self.0.entry.at = at.into_instant();
        self
    }

    /// It ends the claim: an outcome.
    #[must_use]
    pub fn ends_claim(mut self) -> Self {
        self.0.lease = LeaseChange::Clear;
        self
    }

    /// It expects another revision than the one in the test's hands.
    #[must_use]
    pub fn expecting(mut self, revision: Revision) -> Self {
        self.0.expected = revision;
        self
    }

    /// To other times.
    #[must_use]
    pub fn times(mut self, times: Times) -> Self {
        self.0.times = Some(times);
        self
    }

    /// To another priority.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.0.priority = priority;
        self
    }

    /// With so many attempts spent.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// With what went wrong last.
    #[must_use]
    pub fn last_error(mut self, text: impl Into<SafeText>) -> Self {
        self.0.last_error = Some(text.into());
        self
    }

    /// With another redacted recipient.
    #[must_use]
    pub fn recipient(mut self, shown: &str) -> Self {
        self.0.recipient = Some(shown.into());
        self
    }

    /// With other data, taken as it is.
    #[must_use]
    pub fn data(mut self, json: &str) -> Self {
        self.0.data = Some(TaskData::from_stored(json.to_owned()));
        self
    }

    /// With another body, taken as it is.
    #[must_use]
    pub fn body(mut self, text: &str) -> Self {
        self.0.body = Some(TaskBody::from_stored(text.to_owned()));
        self
    }

    /// What the history tells.
    #[must_use]
    pub fn what(mut self, what: What) -> Self {
        self.0.entry.what = what;
        self
    }

    /// Why, in the history.
    #[must_use]
    pub fn because(mut self, reason: Reason) -> Self {
        self.0.entry.reason = Some(reason);
        self
    }

    /// More about it, in the history.
    #[must_use]
    pub fn detail(mut self, text: impl Into<SafeText>) -> Self {
        self.0.entry.detail = Some(text.into());
        self
    }

    /// A row to insert with it.
    #[must_use]
    pub fn inserts(mut self, new: NewTask) -> Self {
        self.0.inserts.push(new);
        self
    }

    /// The change.
    pub fn build(self) -> Change {
        self.0
    }
}

fn what_tells(state: TaskState) -> What {
    match state {
        TaskState::Scheduled | TaskState::Sending | TaskState::Unknown => What::Updated,
        TaskState::Held => What::Held,
        TaskState::Sent => What::Sent,
        TaskState::Skipped => What::Skipped,
        TaskState::Cancelled => What::Cancelled,
        TaskState::Expired => What::Expired,
        TaskState::Failed => What::Failed,
    }
}
