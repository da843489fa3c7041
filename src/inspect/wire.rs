//! How answers are written as data: instants in RFC 3339, words as they are stored, times that may
//! be negative in whole microseconds.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serializer;

use crate::task::{Reason, What};
pub(super) use crate::time::wire::instant::serialize as instant;
pub(super) use crate::time::wire::instant_option::serialize as instant_option;

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(super) fn what<S: Serializer>(what: &What, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(what.as_str())
}

pub(super) fn reason<S: Serializer>(
    reason: &Option<Reason>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match reason {
        Some(reason) => serializer.serialize_some(reason.as_str()),
        None => serializer.serialize_none(),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(super) fn micros<S: Serializer>(
    delta: &Option<TimeDelta>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match delta {
        Some(delta) => serializer.serialize_some(&micros_of(*delta)),
        None => serializer.serialize_none(),
    }
}

/// Microseconds, at the ends of their range where there are more.
pub(super) fn micros_of(delta: TimeDelta) -> i64 {
    let end = if delta < TimeDelta::zero() { i64::MIN } else { i64::MAX };
    delta.num_microseconds().unwrap_or(end)
}

/// For people: `2026-07-10 13:00:00 UTC`.
pub(super) fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
