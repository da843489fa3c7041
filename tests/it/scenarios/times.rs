//! When things go out: exact and calendar distances, too late, booked at once.

use puntual::policy::PastDue;
use puntual::scheduler::Scheduling;
use puntual::store::{TaskFilter, TaskStoreExt};
use puntual::task::{Reason, TaskState, What};
use puntual::{EventTime, Reminder, Reminders};

use super::{Backend, DAY, Desk, HOUR, booking, civil, each_store, instant, jane, reminder};

each_store!(
    a_reminder_24_hours_before_goes_out_once_and_on_time,
    triggers_count_hours_on_the_time_line_and_days_on_the_calendar,
    a_reminder_that_was_booked_too_late_is_skipped_and_says_so,
    a_late_booking_is_told_at_once_where_the_host_wants_it,
    the_host_of_the_origin_gets_its_reminder_a_day_ahead_and_not_at_the_event,
);

/// Scenario 1.
async fn a_reminder_24_hours_before_goes_out_once_and_on_time(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-07-03T13:00:00Z");
    let at = civil("2026-07-10T15:00", "Europe/Berlin");
    let (what, id) = desk.schedule(reminder("reminder_24h").event(at).before(DAY)).await;
    assert_eq!(what, Scheduling::Scheduled);
    assert_eq!(desk.task(id).await.due_at, instant("2026-07-09T13:00:00Z"));

    assert_eq!(desk.pass(6 * DAY - HOUR).await, 0, "nothing before it is due");
    assert_eq!(desk.pass(HOUR).await, 1);
    assert_eq!(desk.pass(30 * DAY).await, 0, "once");

    let task = desk.task(id).await;
    assert_eq!((task.state, task.wake_at), (TaskState::Sent, None));
    assert_eq!(desk.mailbox.sent().len(), 1);
    let history = desk.store.history_of(id).await.unwrap();
    let sent = &history.last().unwrap().entry;
    assert_eq!(sent.what, What::Sent);
    assert!(sent.lateness.unwrap() >= puntual::chrono::TimeDelta::zero());
    assert_eq!(sent.provider_id.as_ref().unwrap().as_str(), "memory-1");
}

/// Scenario 2: the table of triggers over both changes of the clocks.
async fn triggers_count_hours_on_the_time_line_and_days_on_the_calendar(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-01-01T00:00:00Z");
    type Build = fn(Reminder) -> Reminder;
    fn spring() -> EventTime {
        civil("2026-03-29T10:00", "Europe/Berlin")
    }
    fn autumn() -> EventTime {
        civil("2026-10-25T10:00", "Europe/Berlin")
    }
    fn month_end() -> EventTime {
        civil("2026-03-31T18:00", "UTC")
    }
    let build: [(Build, &str); 12] = [
        (|r| r.event(spring()).before(DAY), "2026-03-28T08:00:00Z"),
        (|r| r.event(spring()).days_before(1), "2026-03-28T09:00:00Z"),
        (|r| r.event(spring()).days_before(1).at("09:00"), "2026-03-28T08:00:00Z"),
        (|r| r.event(spring()).days_before(0).at("07:00"), "2026-03-29T05:00:00Z"),
        (|r| r.event(spring()).after(2 * HOUR), "2026-03-29T10:00:00Z"),
        (|r| r.event(spring()).days_after(1).at("10:00"), "2026-03-30T08:00:00Z"),
        (|r| r.event(autumn()).before(DAY), "2026-10-24T09:00:00Z"),
        (|r| r.event(autumn()).days_before(1), "2026-10-24T08:00:00Z"),
        (|r| r.event(month_end()).months_before(1), "2026-02-28T18:00:00Z"),
        (|r| r.event(spring()).now(), "2026-01-01T00:00:00Z"),
        (|r| r.at(instant("2026-05-05T05:05:05Z")), "2026-05-05T05:05:05Z"),
        (
            |r| r.event(civil("2026-03-30T10:00", "Europe/Berlin")).days_before(1).at("02:30"),
            "2026-03-29T01:30:00Z",
        ),
    ];
    for (at, (trigger, due)) in build.iter().enumerate() {
        let (_, id) = desk.schedule(trigger(reminder(&format!("row_{at}")))).await;
        assert_eq!(desk.task(id).await.due_at, instant(due), "row {at}");
    }
}

/// Scenario 3, first half.
async fn a_reminder_that_was_booked_too_late_is_skipped_and_says_so(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-07-10T10:00:00Z");
    let ask = || reminder("reminder_24h").event(civil("2026-07-10T13:00", "UTC")).before(DAY);
    let outcome = desk.scheduler.schedule(ask()).await.unwrap();
    assert_eq!((outcome.what, outcome.reason), (Scheduling::Skipped, Some(Reason::PastDue)));
    for _ in 0..3 {
        let (what, id) = desk.schedule(ask()).await;
        assert_eq!((what, id), (Scheduling::Unchanged, outcome.id));
    }
    assert_eq!(desk.pass(DAY).await, 0);
    let all = desk.store.all(TaskFilter::subject(booking(1))).await.unwrap();
    assert_eq!(all.iter().map(|task| task.state).collect::<Vec<_>>(), [TaskState::Skipped]);
    assert_eq!(desk.story(outcome.id).await, [What::Skipped], "stored once, with its reason");
}

/// Scenario 3, second half.
async fn a_late_booking_is_told_at_once_where_the_host_wants_it(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-07-10T10:00:00Z");
    let send_now = PastDue::SendNow { min_lead: HOUR };
    let ask = |kind: &str, local| {
        reminder(kind).event(civil(local, "UTC")).before(DAY).past_due(send_now)
    };
    let (what, _) = desk.schedule(ask("three_hours", "2026-07-10T13:00")).await;
    assert_eq!(what, Scheduling::Scheduled);
    let (what, _) = desk.schedule(ask("half_an_hour", "2026-07-10T10:30")).await;
    assert_eq!(what, Scheduling::Skipped, "an hour of lead is not left");
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    assert_eq!(desk.mailbox.sent()[0].notification.kind.as_str(), "three_hours");
}

/// Scenario 18, without its HTTP routes, and the wrong idea of the origin: a reminder is never
/// stored at the time of the event itself.
async fn the_host_of_the_origin_gets_its_reminder_a_day_ahead_and_not_at_the_event(
    backend: impl Backend,
) {
    let desk = Desk::at(&backend, "2026-07-09T12:00:00Z");
    let at = civil("2026-07-10T14:05", "Europe/Madrid");
    let outcomes = desk
        .scheduler
        .schedule_all(vec![
            reminder("booking_confirmation").event(at.clone()).now(),
            reminder("reminder_24h").event(at).before(DAY),
        ])
        .await
        .unwrap();
    assert_eq!(outcomes[1].due_at, instant("2026-07-09T12:05:00Z"));
    assert_ne!(outcomes[1].due_at, desk.task(outcomes[1].id).await.event_at.unwrap());
    assert_eq!(desk.scheduler.process_due(10).await.unwrap().sent, 1, "the confirmation at once");
    assert_eq!(desk.pass(5 * super::MINUTE).await, 1, "the reminder five minutes later");
    let kinds: Vec<String> =
        (desk.mailbox.sent().iter()).map(|sent| sent.notification.kind.to_string()).collect();
    assert_eq!(kinds, ["booking_confirmation", "reminder_24h"]);

    let other = Reminder::new("reminder_24h", &booking(2), jane())
        .text("..")
        .event(civil("2026-07-20T14:00", "Europe/Madrid"))
        .before(DAY);
    let (_, id) = desk.schedule(other).await;
    desk.scheduler.cancel_subject(&booking(2)).await.unwrap();
    assert_eq!(desk.pass(30 * DAY).await, 0);
    assert_eq!(desk.story(id).await, [What::Scheduled, What::Cancelled]);
}
