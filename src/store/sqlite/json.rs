//! The JSON texts that statements take apart with `json_each`, and values as they are stored.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::store::{Quota, SentTo};
use crate::task::{TaskId, TaskState};

/// A JSON array of items that are JSON already.
pub(super) fn array<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let mut all = String::from("[");
    for item in items {
        if all.len() > 1 {
            all.push(',');
        }
        all.push_str(item.as_ref());
    }
    all.push(']');
    all
}

/// A JSON array of ids in hexadecimal, for `unhex(value)`.
pub(super) fn ids(ids: impl IntoIterator<Item = Uuid>) -> String {
    array(ids.into_iter().map(|id| format!("\"{}\"", id.as_simple())))
}

/// A JSON array of texts.
pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    array(texts.into_iter().map(|text| json(&text)))
}

/// A JSON array of ids with the revisions that the rows must still have.
pub(super) fn rows_seen(rows: &[(TaskId, i64)]) -> String {
    array(
        rows.iter().map(|(id, revision)| json(&SeenRow { id: id.as_uuid(), revision: *revision })),
    )
}

/// A JSON array of the channels and priorities that are asked for.
pub(super) fn quotas<'a>(quotas: impl IntoIterator<Item = &'a Quota>) -> String {
    array(quotas.into_iter().map(|quota| {
        json(&AskedFor { channel: quota.channel.as_str(), priority: quota.priority.as_number() })
    }))
}

/// A JSON array of persons, each on a channel and since an instant.
pub(super) fn people<'a>(people: impl IntoIterator<Item = &'a SentTo>) -> String {
    array(people.into_iter().map(|to| {
        json(&Asked {
            channel: to.channel.as_str(),
            person: to.person.as_str(),
            since: micros(to.since),
        })
    }))
}

/// An instant as it is stored.
pub(super) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// An id as it is stored.
pub(super) fn blob(id: Uuid) -> Vec<u8> {
    id.into_bytes().to_vec()
}

/// The state under which rows of newer versions are found.
pub(super) fn states<'a>(states: impl IntoIterator<Item = &'a TaskState>) -> String {
    texts(states.into_iter().map(|state| state.as_str()))
}

/// Texts and numbers always serialize; were it otherwise, SQLite would refuse the empty text as
/// malformed and nothing would be written.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[derive(Serialize)]
struct SeenRow {
    #[serde(with = "uuid::serde::simple")]
    id: Uuid,
    revision: i64,
}

#[derive(Serialize)]
struct Asked<'a> {
    channel: &'a str,
    person: &'a str,
    since: i64,
}

#[derive(Serialize)]
struct AskedFor<'a> {
    channel: &'a str,
    priority: u8,
}
