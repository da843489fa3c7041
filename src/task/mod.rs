//! WHAT: the stored row and the parsed types it is made of, as plain data.
//!
//! Values are parsed once, at the border, into types that everything after it trusts:
//! [`EmailAddress`], [`PhoneNumber`], [`WebhookUrl`], [`Kind`], [`Channel`], [`Subject`],
//! [`PersonKey`]. Free text that people or providers wrote is a [`SafeText`]. Whatever is refused
//! is refused with an [`InvalidField`] that names the field, the value and the rule.

mod address;
mod attachment;
mod body;
mod calendar;
mod content;
mod data;
mod entropy;
mod history;
mod id;
mod invalid;
mod limits;
mod mailbox;
mod names;
mod reason;
mod recipient;
mod state;
mod text;

pub use address::{Address, EmailAddress, PhoneNumber, WebhookUrl};
pub use attachment::Attachment;
pub use body::{Body, BodyError, Head, Memory, Request, TaskBody};
pub use calendar::CalendarEntry;
pub use content::{Content, Message};
pub use data::TaskData;
pub use entropy::Entropy;
pub use history::{HistoryEntry, What};
pub use id::{ClaimId, EntryId, Revision, TaskId};
pub use invalid::{InvalidField, Rule};
pub use limits::Limits;
pub use mailbox::Mailbox;
pub(crate) use mailbox::check_name;
pub use names::{Channel, DedupKey, Kind, PersonKey, Subject};
pub use reason::Reason;
pub use recipient::Recipient;
pub use state::{Lease, Priority, TaskState};
pub use text::SafeText;

use chrono::{DateTime, Utc};

/// One stored row: tell one recipient one thing at one time.
///
/// Instants are UTC with whole microseconds. A row lives through every move, retry and reopening
/// of its reminder; `revision` grows with each write and is what writers compare.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task {
    /// Who the row is, for ever.
    pub id: TaskId,
    /// Grows by one with every write; the compare-and-set of every change.
    pub revision: Revision,
    /// What sort of message it is: `reminder_24h`.
    pub kind: Kind,
    /// What it is about: booking 123.
    pub subject: Subject,
    /// Whom it is for, in the host's words; by default the normalised address.
    pub person: PersonKey,
    /// The channel it goes out on.
    pub channel: Channel,
    /// High passes a backlog.
    pub priority: Priority,
    /// Kind, subject, channel and person in one text: unique as long as the row exists.
    pub dedup_key: DedupKey,
    /// Where the row stands.
    pub state: TaskState,
    /// When the event takes place, if the reminder is about one.
    pub event_at: Option<DateTime<Utc>>,
    /// When to send.
    pub due_at: DateTime<Utc>,
    /// From then on, sending is worse than silence.
    pub expires_at: DateTime<Utc>,
    /// When the engine must next look; `None` exactly when finished.
    pub wake_at: Option<DateTime<Utc>>,
    /// The claim that holds the row, if any.
    pub lease: Option<Lease>,
    /// Claims since the last recorded outcome: more than one means that workers died over it.
    pub unfinished_claims: u32,
    /// Since when bytes may have left; set exactly while [`TaskState::Sending`].
    pub handed_off_at: Option<DateTime<Utc>>,
    /// Attempts spent, over the present generation.
    pub attempts: u32,
    /// What went wrong last.
    pub last_error: Option<SafeText>,
    /// The recipient, redacted for people's eyes.
    pub recipient: SafeText,
    /// The host's own JSON for its template.
    pub data: TaskData,
    /// The engine's own record of the request.
    pub body: TaskBody,
    /// When the row was stored.
    pub created_at: DateTime<Utc>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
    /// When it finished.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Task {
    /// The row that an insert of `new` at `now` makes: revision 1, no lease, nothing counted.
    ///
    /// Authors of stores start from this, so that every store fills a new row alike.
    pub fn from_new(now: DateTime<Utc>, new: &NewTask) -> Task {
        Task {
            id: new.id,
            revision: Revision::FIRST,
            kind: new.kind.clone(),
            subject: new.subject.clone(),
            person: new.person.clone(),
            channel: new.channel.clone(),
            priority: new.priority,
            dedup_key: new.dedup_key.clone(),
            state: new.state,
            event_at: new.event_at,
            due_at: new.due_at,
            expires_at: new.expires_at,
            wake_at: new.wake_at,
            lease: None,
            unfinished_claims: 0,
            handed_off_at: None,
            attempts: 0,
            last_error: None,
            recipient: new.recipient.clone(),
            data: new.data.clone(),
            body: new.body.clone(),
            created_at: now,
            updated_at: now,
            finished_at: new.state.is_finished().then_some(now),
        }
    }

    /// Whether the row is of no more concern to the engine.
    pub fn is_finished(&self) -> bool {
        self.state.is_finished()
    }

    /// Whether a claim holds the row at `now`.
    pub fn is_leased(&self, now: DateTime<Utc>) -> bool {
        self.lease.is_some_and(|lease| lease.until > now)
    }
}

/// A row to insert, with the history entry that is stored beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are those of Task")]
pub struct NewTask {
    pub id: TaskId,
    pub kind: Kind,
    pub subject: Subject,
    pub person: PersonKey,
    pub channel: Channel,
    pub priority: Priority,
    pub dedup_key: DedupKey,
    pub state: TaskState,
    pub event_at: Option<DateTime<Utc>>,
    pub due_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub wake_at: Option<DateTime<Utc>>,
    pub recipient: SafeText,
    pub data: TaskData,
    pub body: TaskBody,
    /// The row's first history entry.
    pub entry: HistoryEntry,
}

impl NewTask {
    /// A row to insert. The dedup key follows from kind, subject, channel and person; the state
    /// is `Scheduled` and the row wakes at `due_at`.
    #[allow(clippy::too_many_arguments, reason = "every one of them is required")]
    pub fn new(
        id: TaskId,
        kind: Kind,
        subject: Subject,
        person: PersonKey,
        channel: Channel,
        due_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
        entry: HistoryEntry,
    ) -> NewTask {
        let dedup_key = DedupKey::of(&kind, &subject, &channel, &person);
        NewTask {
            id,
            kind,
            subject,
            person,
            channel,
            priority: Priority::Normal,
            dedup_key,
            state: TaskState::Scheduled,
            event_at: None,
            due_at,
            expires_at,
            wake_at: Some(due_at),
            recipient: SafeText::default(),
            data: TaskData::default(),
            body: TaskBody::default(),
            entry,
        }
    }
}
