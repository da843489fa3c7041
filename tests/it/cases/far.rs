//! Times at the ends of every range: they are exact, or refused; none wraps around to now.

use std::time::Duration;

use puntual::Reminder;
use puntual::policy::{ExpiryPolicy, PastDue};
use puntual::scheduler::Scheduling;
use puntual::store::TaskStoreExt;
use puntual::task::{Entropy, Reason, Rule, TaskState};
use puntual::time::{EventTime, TimeErrorKind};

use super::refused_for;
use crate::scenarios::{Backend, DAY, Desk, HOUR, civil, each_store, instant, reminder};

each_store!(
    a_time_far_ahead_is_due_exactly_then_and_not_before,
    a_time_out_of_range_is_refused_by_its_field,
    a_time_in_the_past_is_skipped_or_refused_and_never_sent_at_once,
);

const NOW: &str = "2026-07-01T00:00:00Z";
/// Days times days: what a host stores that confuses the two.
const DAYS_OF_DAYS: u64 = 12 * 86_400;

fn at(event: &str) -> EventTime {
    EventTime::instant(instant(event)).unwrap()
}

type Ask = fn(Reminder) -> Reminder;

async fn a_time_far_ahead_is_due_exactly_then_and_not_before(backend: impl Backend) {
    let rows: [(&str, Ask, &str); 9] = [
        (
            "2035-01-01T00:00:00Z",
            |r| r.event(at("2040-01-01T12:00:00Z")).before(DAY),
            "2039-12-31T12:00:00Z",
        ),
        // 2^31 seconds since 1970, and 2^32.
        ("2030-01-01T00:00:00Z", |r| r.at(instant("2038-01-19T03:14:08Z")), "2038-01-19T03:14:08Z"),
        ("2100-01-01T00:00:00Z", |r| r.at(instant("2106-02-07T06:28:16Z")), "2106-02-07T06:28:16Z"),
        // The last second of the calendar.
        (
            "9999-12-01T00:00:00Z",
            |r| r.event(at("9999-12-31T23:59:59Z")).before(DAY),
            "9999-12-30T23:59:59Z",
        ),
        // 2^31 and 2^32 milliseconds are 24.9 and 49.7 days.
        (NOW, |r| r.event(at("2026-07-27T00:00:00Z")).before(DAY), "2026-07-26T00:00:00Z"),
        (NOW, |r| r.at(instant("2026-08-20T00:00:00Z")), "2026-08-20T00:00:00Z"),
        (NOW, |r| r.event(at("2026-07-20T00:00:00Z")).before(12 * DAY), "2026-07-08T00:00:00Z"),
        (
            NOW,
            |r| r.event(at("2026-07-02T00:00:00Z")).after(Duration::from_secs(DAYS_OF_DAYS)),
            "2026-07-14T00:00:00Z",
        ),
        // The day before the horizon of ten years.
        (NOW, |r| r.at(instant("2036-06-30T00:00:00Z")), "2036-06-30T00:00:00Z"),
    ];
    for (row, (now, ask, due)) in rows.iter().enumerate() {
        // One store for all rows: each engine draws ids of its own.
        let seed = Entropy::seeded(100 + row as u64);
        let desk = Desk::with(&backend, now, |builder| builder.entropy(seed));
        let (what, id) = desk.schedule(ask(reminder(&format!("row_{row}")))).await;
        let task = desk.task(id).await;
        assert_eq!((what, task.due_at), (Scheduling::Scheduled, instant(due)), "row {row}");
        assert_eq!(task.wake_at, Some(task.due_at), "row {row}");
        assert!(task.expires_at > task.due_at && task.due_at > instant(now), "row {row}");
        desk.clock.advance_to(instant(due) - puntual::chrono::TimeDelta::microseconds(1));
        assert_eq!(desk.scheduler.run_until_idle().await.unwrap().claimed, 0, "row {row}");
        assert_eq!(desk.pass(Duration::from_micros(1)).await, 1, "row {row}");
    }
}

async fn a_time_out_of_range_is_refused_by_its_field(backend: impl Backend) {
    for outside in ["1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z"] {
        let error = EventTime::instant(instant(outside)).unwrap_err();
        assert_eq!((error.kind(), error.field()), (TimeErrorKind::OutOfRange, "event_at"));
        let error = EventTime::civil(outside.trim_end_matches('Z'), "UTC").unwrap_err();
        assert_eq!((error.kind(), error.field()), (TimeErrorKind::OutOfRange, "event_at"));
    }
    let soon = || civil("2026-07-20T00:00", "UTC");
    let days_of_days = Duration::from_secs(DAYS_OF_DAYS * 86_400);
    let many = u32::try_from(DAYS_OF_DAYS).unwrap();
    let r = || reminder("refused");
    let rows = [
        ("event", "horizon", r().event(at("2040-01-01T12:00:00Z")).before(DAY)),
        ("event", "horizon", r().event(at("9999-12-31T23:59:59Z")).before(DAY)),
        ("event", "horizon", r().event(at("9999-12-31T23:59:59Z")).now()),
        ("due", "horizon", r().at(instant("9999-12-31T23:59:59Z"))),
        ("due", "horizon", r().event(soon()).after(days_of_days)),
        ("due", "horizon", r().event(soon()).days_after(many)),
        ("trigger", "1970", r().at(instant("1969-12-31T23:59:59Z"))),
        ("trigger", "1970", r().event(at("1970-01-01T00:00:00Z")).before(HOUR)),
        ("trigger", "1970", r().event(soon()).before(days_of_days)),
        ("trigger", "1970", r().event(soon()).before(Duration::MAX)),
        ("trigger", "1970", r().event(soon()).after(Duration::MAX)),
        ("trigger", "1970", r().event(soon()).days_before(many)),
        ("trigger", "1970", r().event(soon()).days_before(u32::MAX)),
        ("trigger", "1970", r().event(soon()).days_after(u32::MAX)),
        ("trigger", "1970", r().event(soon()).months_before(u32::MAX)),
        (
            "expiry",
            "1970",
            r().event(soon()).before(DAY).expiry(ExpiryPolicy::after_due(Duration::MAX)),
        ),
    ];
    let desk = Desk::at(&backend, NOW);
    for (row, (field, words, ask)) in rows.into_iter().enumerate() {
        let error = refused_for(&desk, ask, field, Rule::OutOfRange).await;
        assert!(error.contains(words), "row {row}: {error}");
    }
}

async fn a_time_in_the_past_is_skipped_or_refused_and_never_sent_at_once(backend: impl Backend) {
    let rows: [Ask; 5] = [
        |r| r.at(instant("1970-01-01T00:00:00Z")),
        |r| r.event(at("1970-01-01T00:00:00Z")).after(HOUR),
        |r| r.event(at("1970-01-02T00:00:00Z")).before(DAY),
        |r| r.event(at("2026-06-30T23:59:59Z")).before(HOUR),
        |r| r.at(instant("2026-06-30T23:59:59Z")),
    ];
    let desk = Desk::at(&backend, NOW);
    for (row, ask) in rows.iter().enumerate() {
        let refuse = ask(reminder("refused")).past_due(PastDue::Refuse);
        refused_for(&desk, refuse, "due", Rule::OutOfRange).await;
        let (what, id) = desk.schedule(ask(reminder(&format!("row_{row}")))).await;
        assert_eq!(what, Scheduling::Skipped, "row {row}");
        let task = desk.task(id).await;
        assert_eq!((task.state, task.wake_at), (TaskState::Skipped, None), "row {row}");
        let history = desk.store.history_of(id).await.unwrap();
        assert_eq!(history[0].entry.reason, Some(Reason::PastDue), "row {row}");
    }
    assert_eq!(desk.pass(30 * DAY).await, 0);
    assert!(desk.mailbox.sent().is_empty());
}
