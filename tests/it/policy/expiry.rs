//! When a reminder expires, and what becomes of one that is late from the start.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use puntual::policy::{ExpiryPolicy, PastDue, PastDueDecision, PolicyErrorKind};
use puntual::time::LAST_INSTANT;

use super::{HOUR, later, now, secs};

#[test]
fn a_reminder_expires_when_its_words_stop_being_true() {
    const DAY: i64 = 86_400;
    // Event and offset to it in seconds from due, whether the text is fixed, expiry.
    for (event, offset, fixed_text, expected) in [
        (Some(DAY), Some(DAY), false, Ok(DAY)),
        (Some(DAY), Some(DAY), true, Ok(DAY / 2)),
        // Sent late on purpose: half the distance would be after the event.
        (Some(3_600), Some(DAY), true, Ok(3_600)),
        // Follow-ups, the confirmation, and an instant without an event.
        (Some(-7_200), Some(-7_200), false, Ok(DAY)),
        (Some(DAY), None, true, Ok(DAY)),
        (None, None, false, Ok(DAY)),
        (Some(0), Some(DAY), false, Err(PolicyErrorKind::NotAfterDue)),
    ] {
        let expires = ExpiryPolicy::default().expires_at(
            now(),
            event.map(later),
            offset.map(TimeDelta::seconds),
            fixed_text,
        );
        let case = format!("event {event:?}, offset {offset:?}, fixed {fixed_text}");
        assert_eq!(expires.map_err(|error| error.kind()), expected.map(later), "{case}");
    }
    let never = ExpiryPolicy::default().expires_at(LAST_INSTANT, None, None, false).unwrap_err();
    assert_eq!((never.kind(), never.field()), (PolicyErrorKind::NotAfterDue, "expiry"));
}

#[test]
fn an_expiry_that_the_host_chose_is_kept_or_refused() {
    use PolicyErrorKind::{NeedsEvent, NotAfterDue, OutOfRange};
    let (after_due, before_event) = (ExpiryPolicy::after_due, ExpiryPolicy::before_event);
    let (at_event, at) = (ExpiryPolicy::at_event(), ExpiryPolicy::at);
    let far = DateTime::<Utc>::MAX_UTC;
    // The event in seconds from due; its distance and a fixed text make no difference here.
    for (policy, event, expected) in [
        (after_due(secs(90)), Some(86_400), Ok(90)),
        (after_due(Duration::ZERO), None, Err(NotAfterDue)),
        (after_due(Duration::MAX), None, Err(OutOfRange)),
        (at_event, Some(86_400), Ok(86_400)),
        (at_event, None, Err(NeedsEvent)),
        (at_event, Some(-1), Err(NotAfterDue)),
        (before_event(secs(HOUR)), Some(86_400), Ok(82_800)),
        (before_event(secs(24 * HOUR)), Some(86_400), Err(NotAfterDue)),
        (before_event(Duration::MAX), Some(86_400), Err(OutOfRange)),
        (before_event(secs(1)), None, Err(NeedsEvent)),
        (at(later(90)), None, Ok(90)),
        (at(now()), Some(86_400), Err(NotAfterDue)),
        (at(far), Some(86_400), Err(OutOfRange)),
    ] {
        for fixed_text in [false, true] {
            let offset = event.map(TimeDelta::seconds);
            let expires = policy.expires_at(now(), event.map(later), offset, fixed_text);
            let kind = expires.map_err(|error| error.kind());
            assert_eq!(kind, expected.map(later), "{policy:?}, event {event:?}");
        }
    }
}

#[test]
fn expiry_policies_are_stored_as_texts() {
    for (policy, json) in [
        (ExpiryPolicy::default(), r#""usual""#),
        (ExpiryPolicy::at_event(), r#""at_event""#),
        (ExpiryPolicy::after_due(secs(5_400)), r#"{"after_due":"PT1H30M"}"#),
        (ExpiryPolicy::before_event(secs(HOUR)), r#"{"before_event":"PT1H"}"#),
        (ExpiryPolicy::at(now()), r#"{"at":"2026-07-09T13:00:00.000000Z"}"#),
    ] {
        assert_eq!(serde_json::to_string(&policy).unwrap(), json);
        assert_eq!(serde_json::from_str::<ExpiryPolicy>(json).unwrap(), policy);
    }
}

#[test]
fn what_is_past_due_is_skipped_sent_or_refused() {
    use PastDueDecision::{InTime, Refuse, SendNow, Skip};
    let send = |min_lead| PastDue::SendNow { min_lead };
    for (policy, due, useful_until, expected) in [
        (PastDue::default(), 0, 7_200, InTime),
        (PastDue::Refuse, 1, 7_200, InTime),
        (PastDue::default(), -1, 7_200, Skip),
        (PastDue::Refuse, -1, 7_200, Refuse),
        (send(secs(HOUR)), -1, 3_600, SendNow),
        (send(secs(HOUR)), -1, 3_599, Skip),
        (send(Duration::ZERO), -1, 1, SendNow),
        (send(Duration::ZERO), -1, 0, Skip),
        (send(Duration::MAX), -1, 7_200, Skip),
    ] {
        let decision = policy.decide(now(), later(due), later(useful_until));
        assert_eq!(decision, expected, "{policy:?}, due {due}, useful until {useful_until}");
    }
    let json = r#"{"send_now":{"min_lead":"PT1H"}}"#;
    assert_eq!(serde_json::to_string(&send(secs(HOUR))).unwrap(), json);
    assert_eq!(serde_json::from_str::<PastDue>(json).unwrap(), send(secs(HOUR)));
}
