//! Items of a batch as JSON, the form in which one statement takes them all.
//!
//! A statement a row would cost two changes of thread each; `jsonb_each(?)` costs one for a batch
//! (and about half the time of `json_each`, which writes each item as text to parse it again).
//! Items are encoded on the caller's task, so that the writer only joins texts.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::json::{json, micros};
use crate::store::check::check_change;
use crate::store::{Change, Extension, LeaseChange, NOTIFY_WITHIN};
use crate::task::{DedupKey, EntryId, HistoryEntry, NewTask, Revision, SafeText, TaskId};

/// A row to insert.
#[derive(Debug)]
pub(super) struct InsertItem {
    pub(super) id: TaskId,
    pub(super) key: DedupKey,
    pub(super) row: String,
    pub(super) entry: EntryItem,
    /// Whether it wakes so soon that a waiting engine must hear of it.
    pub(super) wakes: bool,
}

/// A change to apply, or why it is refused.
#[derive(Debug)]
pub(super) struct ApplyItem {
    pub(super) task: TaskId,
    pub(super) row: Result<String, SafeText>,
    pub(super) entry: EntryItem,
    pub(super) inserts: Vec<InsertItem>,
    /// Whether it, or what it inserts, wakes so soon that a waiting engine must hear of it.
    pub(super) wakes: bool,
}

/// A lease to lengthen.
#[derive(Debug)]
pub(super) struct ExtendItem {
    pub(super) task: TaskId,
    pub(super) row: String,
}

/// A history entry that lacks only its revision.
#[derive(Debug)]
pub(super) struct EntryItem {
    pub(super) id: EntryId,
    json: String,
}

impl InsertItem {
    pub(super) fn new(now: DateTime<Utc>, new: &NewTask) -> InsertItem {
        let row = json(&NewRow {
            id: new.id.as_uuid(),
            kind: new.kind.as_str(),
            subject_kind: new.subject.kind(),
            subject_id: new.subject.id(),
            person: new.person.as_str(),
            channel: new.channel.as_str(),
            priority: new.priority.as_number(),
            dedup_key: new.dedup_key.as_str(),
            state: new.state.as_str(),
            finished: new.state.is_finished(),
            event_at: new.event_at.map(micros),
            due_at: micros(new.due_at),
            expires_at: micros(new.expires_at),
            wake_at: new.wake_at.map(micros),
            recipient: new.recipient.as_str(),
            data: new.data.as_str(),
            body: new.body.as_str(),
            written_at: micros(now),
        });
        InsertItem {
            id: new.id,
            key: new.dedup_key.clone(),
            row,
            entry: EntryItem::new(&new.entry),
            wakes: is_soon(now, new.wake_at),
        }
    }
}

impl ApplyItem {
    pub(super) fn new(now: DateTime<Utc>, change: &Change) -> ApplyItem {
        let times = change.times.as_ref();
        let row = check_change(change).map(|()| {
            json(&ChangedRow {
                id: change.task.as_uuid(),
                expected: i64::try_from(change.expected.0).unwrap_or(i64::MAX),
                entry: change.entry.id.as_uuid(),
                state: change.state.as_str(),
                finished: change.state.is_finished(),
                wake_at: change.wake_at.map(micros),
                has_times: times.is_some(),
                event_at: times.and_then(|times| times.event_at).map(micros),
                due_at: times.map(|times| micros(times.due_at)),
                expires_at: times.map(|times| micros(times.expires_at)),
                priority: change.priority.as_number(),
                attempts: change.attempts,
                last_error: change.last_error.as_ref().map(SafeText::as_str),
                clear: change.lease == LeaseChange::Clear,
                recipient: change.recipient.as_ref().map(SafeText::as_str),
                data: change.data.as_ref().map(|data| data.as_str()),
                body: change.body.as_ref().map(|body| body.as_str()),
                written_at: micros(now),
            })
        });
        let inserts: Vec<InsertItem> = match row {
            Ok(_) => change.inserts.iter().map(|new| InsertItem::new(now, new)).collect(),
            Err(_) => Vec::new(),
        };
        ApplyItem {
            task: change.task,
            row,
            entry: EntryItem::new(&change.entry),
            wakes: is_soon(now, change.wake_at) || inserts.iter().any(|insert| insert.wakes),
            inserts,
        }
    }

    /// Every id that it writes or looks for: two items that share one are written in turn.
    pub(super) fn ids(&self) -> impl Iterator<Item = Uuid> {
        let inserts =
            self.inserts.iter().flat_map(|new| [new.id.as_uuid(), new.entry.id.as_uuid()]);
        inserts.chain([self.task.as_uuid(), self.entry.id.as_uuid()])
    }
}

impl ExtendItem {
    pub(super) fn new(now: DateTime<Utc>, extension: &Extension) -> ExtendItem {
        let row = json(&ExtendedRow {
            id: extension.task.as_uuid(),
            claim: extension.claim.as_uuid(),
            until: micros(extension.until),
            hand_off: extension.hand_off,
            written_at: micros(now),
        });
        ExtendItem { task: extension.task, row }
    }
}

impl EntryItem {
    fn new(entry: &HistoryEntry) -> EntryItem {
        let lateness = entry.lateness.map(|lateness| {
            let limit = if lateness < chrono::TimeDelta::zero() { i64::MIN } else { i64::MAX };
            lateness.num_microseconds().unwrap_or(limit)
        });
        let json = json(&Entry {
            id: entry.id.as_uuid(),
            task: entry.task.as_uuid(),
            at: micros(entry.at),
            what: entry.what.as_str(),
            state: entry.state.as_str(),
            generation: entry.generation,
            attempt: entry.attempt,
            reason: entry.reason.as_ref().map(|reason| reason.as_str()),
            code: entry.code.as_ref().map(SafeText::as_str),
            detail: entry.detail.as_ref().map(SafeText::as_str),
            provider_id: entry.provider_id.as_ref().map(SafeText::as_str),
            lateness,
            until: entry.until.map(micros),
        });
        EntryItem { id: entry.id, json }
    }

    /// The entry beside the row's revision after it.
    pub(super) fn with_revision(&self, revision: Revision) -> String {
        let Revision(revision) = revision;
        format!("{{\"revision\":{revision},{}", self.json.get(1..).unwrap_or_default())
    }
}

fn is_soon(now: DateTime<Utc>, wake_at: Option<DateTime<Utc>>) -> bool {
    wake_at.is_some_and(|wake_at| wake_at <= now + NOTIFY_WITHIN)
}

#[derive(Serialize)]
struct NewRow<'a> {
    #[serde(with = "uuid::serde::simple")]
    id: Uuid,
    kind: &'a str,
    subject_kind: &'a str,
    subject_id: &'a str,
    person: &'a str,
    channel: &'a str,
    priority: u8,
    dedup_key: &'a str,
    state: &'a str,
    finished: bool,
    event_at: Option<i64>,
    due_at: i64,
    expires_at: i64,
    wake_at: Option<i64>,
    recipient: &'a str,
    data: &'a str,
    body: &'a str,
    written_at: i64,
}

#[derive(Serialize)]
struct ChangedRow<'a> {
    #[serde(with = "uuid::serde::simple")]
    id: Uuid,
    expected: i64,
    #[serde(with = "uuid::serde::simple")]
    entry: Uuid,
    state: &'a str,
    finished: bool,
    wake_at: Option<i64>,
    has_times: bool,
    event_at: Option<i64>,
    due_at: Option<i64>,
    expires_at: Option<i64>,
    priority: u8,
    attempts: u32,
    last_error: Option<&'a str>,
    clear: bool,
    recipient: Option<&'a str>,
    data: Option<&'a str>,
    body: Option<&'a str>,
    written_at: i64,
}

#[derive(Serialize)]
struct ExtendedRow {
    #[serde(with = "uuid::serde::simple")]
    id: Uuid,
    #[serde(with = "uuid::serde::simple")]
    claim: Uuid,
    until: i64,
    hand_off: bool,
    written_at: i64,
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(with = "uuid::serde::simple")]
    id: Uuid,
    #[serde(with = "uuid::serde::simple")]
    task: Uuid,
    at: i64,
    what: &'a str,
    state: &'a str,
    generation: u32,
    attempt: u32,
    reason: Option<&'a str>,
    code: Option<&'a str>,
    detail: Option<&'a str>,
    provider_id: Option<&'a str>,
    lateness: Option<i64>,
    until: Option<i64>,
}
