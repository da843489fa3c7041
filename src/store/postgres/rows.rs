//! Stored rows as values: every row decodes, however odd, so that one cannot fail a call.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::PgRow;
use sqlx::{Row, ValueRef};
use uuid::Uuid;

use crate::store::{Note, StoredEntry};
use crate::task::{
    Channel, ClaimId, DedupKey, EntryId, HistoryEntry, Kind, Lease, PersonKey, Priority, Reason,
    Revision, SafeText, Subject, Task, TaskBody, TaskData, TaskId, TaskState, What,
};
use crate::time::{FIRST_INSTANT, LAST_INSTANT};

/// The beginning of Postgres's time, in microseconds since 1970.
const YEAR_2000: i64 = 946_684_800_000_000;

/// A row of `tasks`, its columns in the order in which all statements name them.
pub(super) fn task(row: &PgRow) -> Task {
    Task {
        id: TaskId::from_uuid(uuid(row, 0)),
        revision: revision(row, 1),
        kind: Kind::from_stored(text(row, 2)),
        subject: Subject::new(text(row, 3), text(row, 4)),
        person: PersonKey::from_stored(text(row, 5)),
        channel: Channel::from_stored(text(row, 6)),
        priority: Priority::from_stored(number(row, 7)),
        dedup_key: DedupKey::from_stored(text(row, 8)),
        state: TaskState::from_stored(&text(row, 9)),
        event_at: instant(row, 10),
        due_at: instant_or_first(row, 11),
        expires_at: instant_or_first(row, 12),
        wake_at: instant(row, 13),
        lease: optional_uuid(row, 14)
            .zip(instant(row, 15))
            .map(|(claim, until)| Lease { claim: ClaimId::from_uuid(claim), until }),
        unfinished_claims: small(row, 16),
        handed_off_at: instant(row, 17),
        attempts: small(row, 18),
        created_at: instant_or_first(row, 19),
        updated_at: instant_or_first(row, 20),
        finished_at: instant(row, 21),
        last_error: safe_text(row, 22),
        recipient: safe_text(row, 23).unwrap_or_default(),
        data: TaskData::from_stored(text(row, 24)),
        body: TaskBody::from_stored(text(row, 25)),
    }
}

/// A row of `task_history`, its columns in the order in which all statements name them.
pub(super) fn entry(row: &PgRow) -> StoredEntry {
    let entry = HistoryEntry {
        id: EntryId::from_uuid(uuid(row, 0)),
        task: TaskId::from_uuid(uuid(row, 1)),
        at: instant_or_first(row, 3),
        what: What::from_stored(&text(row, 4)),
        state: TaskState::from_stored(&text(row, 5)),
        generation: small(row, 6),
        attempt: small(row, 7),
        reason: optional_text(row, 8).map(|word| Reason::from_stored(&word)),
        code: safe_text(row, 9),
        detail: safe_text(row, 10),
        provider_id: safe_text(row, 11),
        lateness: optional_number(row, 12).map(TimeDelta::microseconds),
        until: instant(row, 13),
    };
    StoredEntry::new(entry, revision(row, 2))
}

/// A row of `notes`.
pub(super) fn note(row: &PgRow) -> Note {
    Note::new(text(row, 0), text(row, 1), revision(row, 2), instant_or_first(row, 3))
}

pub(super) fn revision(row: &PgRow, column: usize) -> Revision {
    Revision(u64::try_from(number(row, column)).unwrap_or_default())
}

pub(super) fn count(row: &PgRow, column: usize) -> u64 {
    u64::try_from(number(row, column)).unwrap_or_default()
}

pub(super) fn small(row: &PgRow, column: usize) -> u32 {
    u32::try_from(number(row, column).max(0)).unwrap_or(u32::MAX)
}

pub(super) fn number(row: &PgRow, column: usize) -> i64 {
    optional_number(row, column).unwrap_or_default()
}

pub(super) fn optional_number(row: &PgRow, column: usize) -> Option<i64> {
    row.try_get_unchecked::<Option<i64>, _>(column).ok().flatten()
}

pub(super) fn flag(row: &PgRow, column: usize) -> bool {
    row.try_get_unchecked::<Option<bool>, _>(column).ok().flatten().unwrap_or_default()
}

/// Whether the column holds a value.
pub(super) fn is_there(row: &PgRow, column: usize) -> bool {
    row.try_get_raw(column).is_ok_and(|value| !value.is_null())
}

/// An instant; one that lies outside the years 1970 to 9999 becomes the nearest that does not.
///
/// It is read as the number that Postgres sends, microseconds since 2000: its `infinity` and its
/// far years are beyond what chrono can hold.
pub(super) fn instant(row: &PgRow, column: usize) -> Option<DateTime<Utc>> {
    let micros = optional_number(row, column)?.saturating_add(YEAR_2000);
    let nearest = if micros < 0 { FIRST_INSTANT } else { LAST_INSTANT };
    let at = DateTime::from_timestamp_micros(micros).unwrap_or(nearest);
    Some(at.clamp(FIRST_INSTANT, LAST_INSTANT))
}

fn instant_or_first(row: &PgRow, column: usize) -> DateTime<Utc> {
    instant(row, column).unwrap_or(FIRST_INSTANT)
}

pub(super) fn uuid(row: &PgRow, column: usize) -> Uuid {
    optional_uuid(row, column).unwrap_or_default()
}

fn optional_uuid(row: &PgRow, column: usize) -> Option<Uuid> {
    row.try_get_unchecked::<Option<Uuid>, _>(column).ok().flatten()
}

pub(super) fn text(row: &PgRow, column: usize) -> String {
    optional_text(row, column).unwrap_or_default()
}

pub(super) fn optional_text(row: &PgRow, column: usize) -> Option<String> {
    row.try_get_unchecked::<Option<String>, _>(column).ok().flatten()
}

fn safe_text(row: &PgRow, column: usize) -> Option<SafeText> {
    optional_text(row, column).map(|text| SafeText::limited(&text, text.len()))
}
