//! When a reminder is due and when it is too late: event, trigger, past-due rule, expiry, window.

use chrono::{DateTime, TimeDelta, Utc};

use super::Config;
use crate::policy::{PastDue, PastDueDecision};
use crate::store::Times;
use crate::task::{Channel, InvalidField, Limits, Reason, Request, Rule};
use crate::time::{
    EventTime, TimeErrorKind, Trigger, TzDatabase, Zone, saturating_add, saturating_sub,
};

/// The times of a reminder, and whether a rule says not to send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Timing {
    pub(crate) times: Times,
    pub(crate) skip: Option<Reason>,
}

/// What the computation needs besides the request.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) config: &'a Config,
    pub(crate) tzdb: &'a TzDatabase,
}

/// Computes the times of a request as of `now`.
///
/// What is wrong with a new request is an error here; a caller that moves an existing row turns
/// [`TimeErrorKind::AfterEvent`] into a skipped row ([`timing_or_skip`]).
pub(crate) fn timing(
    now: DateTime<Utc>,
    event: Option<&EventTime>,
    trigger: &Trigger,
    request: &Request,
    rules: Rules<'_>,
) -> Result<Timing, InvalidField> {
    let event_at = event.map(|event| event.resolve(rules.tzdb)).transpose()?;
    let computed = trigger.due(now, event, request.to.zone(), rules.tzdb)?;
    for (field, at) in [("event", event_at), ("due", Some(computed))] {
        check_horizon(now, field, at)?;
    }
    let (due_at, skip) = not_past(now, trigger, request, computed, event_at)?;
    let expires_at = expiry(request, trigger, due_at, event_at)?;
    let skip = skip.or_else(|| (expires_at <= now).then_some(Reason::PastDue));
    let times = Times::new(event_at, due_at, expires_at);
    if skip.is_some() || trigger.is_now() && request.window.is_none() {
        return Ok(Timing { times, skip });
    }
    into_window(now, event, request, times, rules)
}

/// As [`timing`], for a row that exists: a trigger that no longer comes before its event, and a
/// due time in the past, make a skipped row and not an error.
pub(crate) fn timing_or_skip(
    now: DateTime<Utc>,
    event: Option<&EventTime>,
    trigger: &Trigger,
    request: &Request,
    rules: Rules<'_>,
) -> Result<Timing, InvalidField> {
    let mut lenient = request.clone();
    if matches!(lenient.past_due, PastDue::Refuse) {
        lenient.past_due = PastDue::Skip;
    }
    let event_at = event.map(|event| event.resolve(rules.tzdb)).transpose()?;
    match trigger.due(now, event, request.to.zone(), rules.tzdb) {
        Err(error) if is_on_the_wrong_side(error.kind()) => {
            let at = event_at.unwrap_or(now);
            let times = Times::new(event_at, at, at);
            Ok(Timing { times, skip: Some(Reason::AfterEvent) })
        }
        _ => timing(now, event, trigger, &lenient, rules),
    }
}

/// A trigger that counts from its event and lands on the other side of it.
fn is_on_the_wrong_side(kind: TimeErrorKind) -> bool {
    matches!(kind, TimeErrorKind::AfterEvent | TimeErrorKind::BeforeEvent)
}

fn check_horizon(
    now: DateTime<Utc>,
    field: &'static str,
    at: Option<DateTime<Utc>>,
) -> Result<(), InvalidField> {
    let horizon = saturating_add(now, days(Limits::HORIZON_DAYS));
    match at {
        Some(at) if at > horizon => {
            let rule = format!("it lies beyond the horizon of {} days", Limits::HORIZON_DAYS);
            Err(InvalidField::new(field, Rule::OutOfRange, rule).with_value(at.to_rfc3339()))
        }
        _ => Ok(()),
    }
}

fn days(days: u32) -> std::time::Duration {
    std::time::Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}

/// The rule for a due time that is over already.
fn not_past(
    now: DateTime<Utc>,
    trigger: &Trigger,
    request: &Request,
    due_at: DateTime<Utc>,
    event_at: Option<DateTime<Utc>>,
) -> Result<(DateTime<Utc>, Option<Reason>), InvalidField> {
    if trigger.is_now() {
        return Ok((due_at, None));
    }
    let useful_until = match event_at.filter(|event_at| *event_at > now) {
        Some(event_at) => event_at,
        None => expiry(request, trigger, due_at, event_at)?,
    };
    match request.past_due.decide(now, due_at, useful_until) {
        PastDueDecision::InTime => Ok((due_at, None)),
        PastDueDecision::SendNow => Ok((now, None)),
        PastDueDecision::Refuse => {
            let rule = "the due time is past, and past_due says to refuse that";
            Err(InvalidField::new("due", Rule::OutOfRange, rule).with_value(due_at.to_rfc3339()))
        }
        _ => Ok((due_at, Some(Reason::PastDue))),
    }
}

fn expiry(
    request: &Request,
    trigger: &Trigger,
    due_at: DateTime<Utc>,
    event_at: Option<DateTime<Utc>>,
) -> Result<DateTime<Utc>, InvalidField> {
    let offset = event_at.and_then(|event_at| trigger.offset(due_at, event_at));
    let fixed = request.content.is_fixed();
    Ok(request.expiry.expires_at(due_at, event_at, offset, fixed)?)
}

/// The zone in which delivery windows open: the recipient's, else the event's, else UTC.
pub(crate) fn window_zone(request: &Request, event: Option<&EventTime>) -> Zone {
    let zone = request.to.zone().or_else(|| event.and_then(EventTime::zone));
    zone.cloned().unwrap_or_else(Zone::utc)
}

/// Moves a due time into the delivery window, by the rules that are tried in this order: the next
/// opening, if it leaves `min_lead` before expiry; the end of the opening before, if it is ahead;
/// else outside of it, but never by SMS.
fn into_window(
    now: DateTime<Utc>,
    event: Option<&EventTime>,
    request: &Request,
    times: Times,
    rules: Rules<'_>,
) -> Result<Timing, InvalidField> {
    let Some(window) = &request.window else { return Ok(Timing { times, skip: None }) };
    let zone = window_zone(request, event);
    let send = |due_at| Ok(Timing { times: Times { due_at, ..times.clone() }, skip: None });
    if window.is_open(times.due_at, &zone, rules.tzdb)? {
        return send(times.due_at);
    }
    let min_lead = rules.config.min_lead;
    if let Some(opening) = window.next_opening(times.due_at, &zone, rules.tzdb)?
        && saturating_add(opening, min_lead) <= times.expires_at
    {
        return send(opening);
    }
    if let Some(closing) = window.previous_closing(times.due_at, &zone, rules.tzdb)? {
        let last_minute = saturating_sub(closing, min_lead);
        if last_minute > now && window.is_open(last_minute, &zone, rules.tzdb)? {
            return send(last_minute);
        }
    }
    match *request.to.channel() == Channel::SMS {
        true => Ok(Timing { times, skip: Some(Reason::Window) }),
        false => send(times.due_at),
    }
}

/// Sent minus due, cut to what a history entry can hold.
pub(crate) fn lateness(now: DateTime<Utc>, due_at: DateTime<Utc>) -> TimeDelta {
    now.signed_duration_since(due_at)
}
