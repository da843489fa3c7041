//! What templates get to know.

use std::collections::BTreeMap;

use chrono::{Datelike, SecondsFormat, TimeDelta};
use minijinja::value::Value;

use super::super::{Locale, RenderRequest};
use super::filters::{CALENDAR, Calendar};
use crate::time::{EventTime, TimeError, Zone};

/// The variables of every template.
pub(super) const VARIABLES: [&str; 8] =
    ["data", "event", "kind", "lateness", "locale", "recipient", "subject", "time_to_event"];

/// The variables of one message, in the words of `locale`.
pub(super) fn variables(request: &RenderRequest<'_>, locale: Locale) -> Result<Value, TimeError> {
    let (now, task) = (request.now, request.task);
    let zone = zone_of(request);
    let (event, time_to_event) = match request.event {
        Some(event) => about(request, event, &zone, locale)?,
        None => (Value::from(()), Value::from(())),
    };
    let late = now.signed_duration_since(task.due_at).max(TimeDelta::zero());
    let late = late.to_std().unwrap_or_default();
    // A minute is no lateness that people notice.
    let lateness = Some(late).filter(|late| late.as_secs() >= 60);
    let recipient = map([("name", Value::from(request.recipient.name()))]);
    let (kind, id) = (Value::from(task.subject.kind()), Value::from(task.subject.id()));
    let calendar = Calendar { locale, zone, tzdb: request.tzdb.clone() };
    Ok(map([
        ("data", from_json(&task.data.to_value())),
        ("event", event),
        ("kind", Value::from(task.kind.as_str())),
        ("lateness", Value::from(lateness.and_then(|late| locale.duration(late)))),
        ("locale", Value::from(locale.tag())),
        ("recipient", recipient),
        ("subject", map([("kind", kind), ("id", id)])),
        ("time_to_event", time_to_event),
        (CALENDAR, Value::from_object(calendar)),
    ]))
}

/// A value with fields.
fn map<'a>(fields: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::from(fields.into_iter().collect::<BTreeMap<&str, Value>>())
}

/// The event's zone; of an event without one, the recipient's; else UTC.
fn zone_of(request: &RenderRequest<'_>) -> Zone {
    let event = request.event.and_then(EventTime::zone);
    event.or(request.recipient.zone()).cloned().unwrap_or_else(Zone::utc)
}

/// The event, and how far it is from now by days of its own calendar.
fn about(
    request: &RenderRequest<'_>,
    event: &EventTime,
    zone: &Zone,
    locale: Locale,
) -> Result<(Value, Value), TimeError> {
    let at = event.resolve(request.tzdb)?;
    let local = zone.local_at(at, request.tzdb)?;
    let here = zone.local_at(request.now, request.tzdb)?;
    let fields = [
        ("at", at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        ("date", locale.date(local.date())),
        ("distance", locale.distance(at.signed_duration_since(request.now))),
        ("local", locale.date_time(local)),
        ("time", locale.time(local.time())),
        ("weekday", locale.weekday(local.weekday()).to_owned()),
        ("zone", zone.to_string()),
    ];
    let fields = fields.into_iter().map(|(name, text)| (name, Value::from(text)));
    Ok((map(fields), Value::from(locale.day_and_time(here, local))))
}

/// The host's JSON. Whole numbers stay exact up to 64 bits, whatever features of `serde_json`
/// other crates of the host switch on.
fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(flag) => Value::from(*flag),
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => items.iter().map(from_json).collect(),
        serde_json::Value::Object(fields) => {
            map(fields.iter().map(|(name, item)| (name.as_str(), from_json(item))))
        }
        serde_json::Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(whole)) => Value::from(whole),
            (None, None) => Value::from(number.as_f64()),
        },
    }
}
