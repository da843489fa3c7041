//! A task as far as it may be shown to anybody: no address, no body, no data of the host.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::face::Face;
use super::redact::redacted;
use super::wire;
use crate::task::{Channel, ClaimId, Kind, Priority, SafeText, Subject, Task, TaskId, TaskState};

/// A task as far as it may be shown to anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TaskSummary {
    /// Who the task is.
    pub id: TaskId,
    /// What sort of message it is.
    pub kind: Kind,
    /// What it is about.
    pub subject: Subject,
    /// The channel it goes out on.
    pub channel: Channel,
    /// Whether it passes a backlog.
    pub priority: Priority,
    /// The recipient, redacted; empty once it was erased.
    pub recipient: SafeText,
    /// Where it stands.
    pub state: TaskState,
    /// When the event takes place.
    #[serde(serialize_with = "wire::instant_option")]
    pub event_at: Option<DateTime<Utc>>,
    /// The zone of the event, where it has one.
    pub event_zone: Option<String>,
    /// The rule by which the due time follows, in words: `24 hours before the event`. Absent
    /// where the stored record is damaged.
    pub trigger: Option<String>,
    /// When it is due.
    #[serde(serialize_with = "wire::instant")]
    pub due_at: DateTime<Utc>,
    /// From when on it is too late.
    #[serde(serialize_with = "wire::instant")]
    pub expires_at: DateTime<Utc>,
    /// When the engine must next look; absent when finished.
    #[serde(serialize_with = "wire::instant_option")]
    pub wake_at: Option<DateTime<Utc>>,
    /// Attempts spent, over the present generation.
    pub attempts: u32,
    /// Grows when the event moves or the task is reopened; absent where the record is damaged.
    pub generation: Option<u32>,
    /// What went wrong last.
    pub last_error: Option<SafeText>,
    /// The worker's right to it, if a claim holds it.
    pub lease: Option<LeaseSummary>,
    /// Since when bytes may have left.
    #[serde(serialize_with = "wire::instant_option")]
    pub handed_off_at: Option<DateTime<Utc>>,
    /// Claims since the last recorded outcome.
    pub unfinished_claims: u32,
    /// When it was stored.
    #[serde(serialize_with = "wire::instant")]
    pub created_at: DateTime<Utc>,
    /// When it finished.
    #[serde(serialize_with = "wire::instant_option")]
    pub finished_at: Option<DateTime<Utc>>,
    /// Its times for people, on the clocks of the event too.
    #[serde(skip)]
    pub(super) shown: Shown,
}

/// The times of a task for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) event: Option<String>,
    pub(super) due: String,
    pub(super) expires: String,
}

/// A worker's right to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeaseSummary {
    /// The claim that took it.
    pub claim: ClaimId,
    /// Until when nobody else takes it.
    #[serde(serialize_with = "wire::instant")]
    pub until: DateTime<Utc>,
    /// Whether that is still ahead.
    pub live: bool,
}

impl TaskSummary {
    pub(super) fn of(now: DateTime<Utc>, task: &Task, face: Face<'_>) -> TaskSummary {
        let head = task.body.head().ok();
        let zone = head.as_ref().and_then(|head| head.event.as_ref()?.zone());
        let lease = |lease: crate::task::Lease| LeaseSummary {
            claim: lease.claim,
            until: lease.until,
            live: lease.until > now,
        };
        TaskSummary {
            id: task.id,
            kind: task.kind.clone(),
            subject: task.subject.clone(),
            channel: task.channel.clone(),
            priority: task.priority,
            recipient: task.recipient.clone(),
            state: task.state,
            event_at: task.event_at,
            event_zone: zone.map(ToString::to_string),
            trigger: head.as_ref().map(|head| head.trigger.to_string()),
            due_at: task.due_at,
            expires_at: task.expires_at,
            wake_at: task.wake_at,
            attempts: task.attempts,
            generation: head.as_ref().map(|head| head.generation),
            last_error: task.last_error.as_ref().map(redacted),
            lease: task.lease.map(lease),
            handed_off_at: task.handed_off_at,
            unfinished_claims: task.unfinished_claims,
            created_at: task.created_at,
            finished_at: task.finished_at,
            shown: Shown {
                event: task.event_at.map(|at| face.at(at)),
                due: face.at(task.due_at),
                expires: face.at(task.expires_at),
            },
        }
    }
}
