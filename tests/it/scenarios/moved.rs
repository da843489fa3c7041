//! Bookings that move, addresses that change, zones whose rules change.

use puntual::scheduler::Scheduling;
use puntual::task::{PersonKey, TaskState, What};
use puntual::time::TzDatabase;
use puntual::{Reminder, Reminders};

use super::{Backend, DAY, Desk, booking, civil, each_store, engine, instant, jane, reminder};
use crate::time::write_zone;

each_store!(
    a_moved_booking_moves_its_reminder_and_nothing_goes_out_at_the_old_time,
    what_was_sent_for_the_old_time_is_sent_again_for_the_new_one,
    moving_over_the_change_of_clocks_recomputes_from_the_new_event,
    a_corrected_address_moves_the_pending_reminder_of_the_same_person,
    new_zone_rules_move_the_due_time_and_not_the_local_time,
    a_move_that_leaves_no_time_before_the_event_skips_the_reminder,
);

/// Scenario 5, before it was sent.
async fn a_moved_booking_moves_its_reminder_and_nothing_goes_out_at_the_old_time(
    backend: impl Backend,
) {
    let desk = Desk::at(&backend, "2026-07-01T00:00:00Z");
    let at = civil("2026-07-10T15:00", "Europe/Berlin");
    let (_, id) = desk.schedule(reminder("reminder_24h").event(at).before(DAY)).await;
    let later = civil("2026-07-12T15:00", "Europe/Berlin");
    let moved = desk.scheduler.move_subject(&booking(1), later.clone()).await.unwrap();
    assert_eq!((moved[0].what, moved[0].id), (Scheduling::Moved, id), "the same row");
    let head = desk.task(id).await.body.head().unwrap();
    assert_eq!((head.generation, head.event), (2, Some(later)));
    desk.clock.advance_to(instant("2026-07-11T12:59:59Z"));
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 0, "not at the old time");
    assert_eq!(desk.pass(std::time::Duration::from_secs(1)).await, 1);
    let sent = &desk.mailbox.sent()[0];
    assert_eq!(sent.notification.event_at, Some(instant("2026-07-12T13:00:00Z")));
    assert_eq!(sent.key, format!("{id}.2"));
}

/// Scenario 5, after it was sent.
async fn what_was_sent_for_the_old_time_is_sent_again_for_the_new_one(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-07-09T13:00:00Z");
    let at = civil("2026-07-10T15:00", "Europe/Berlin");
    let (_, id) = desk.schedule(reminder("reminder_24h").event(at.clone()).before(DAY)).await;
    let confirmation = reminder("confirmation").event(at).now();
    let (_, confirmed) = desk.schedule(confirmation).await;
    assert_eq!(desk.pass(std::time::Duration::ZERO).await, 2);
    let later = civil("2026-07-12T15:00", "Europe/Berlin");
    let moved = desk.scheduler.move_subject(&booking(1), later).await.unwrap();
    assert!(moved.iter().all(|outcome| outcome.what == Scheduling::Moved));
    assert_eq!(desk.task(id).await.state, TaskState::Scheduled, "it lives again");
    assert_eq!(desk.task(confirmed).await.state, TaskState::Sent, "a confirmation stays finished");
    assert_eq!(desk.pass(2 * DAY).await, 1);
    let keys: Vec<String> = desk.mailbox.sent().into_iter().map(|sent| sent.key).collect();
    assert!(keys.contains(&format!("{id}.1")) && keys.contains(&format!("{id}.2")));
}

/// An event that was moved over the end of summer time keeps its distance from the new instant.
async fn moving_over_the_change_of_clocks_recomputes_from_the_new_event(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-10-01T00:00:00Z");
    let at = civil("2026-10-20T09:00", "Europe/Berlin");
    let (_, id) = desk.schedule(reminder("hour").event(at).before(super::HOUR)).await;
    let later = civil("2026-11-20T09:00", "Europe/Berlin");
    desk.scheduler.move_subject(&booking(1), later).await.unwrap();
    assert_eq!(desk.task(id).await.due_at, instant("2026-11-20T07:00:00Z"));
}

/// Scenario 19.
async fn a_corrected_address_moves_the_pending_reminder_of_the_same_person(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-07-01T00:00:00Z");
    let ask = |address: &str| {
        Reminder::new(
            "reminder_24h",
            &booking(1),
            address.parse::<puntual::task::EmailAddress>().unwrap(),
        )
        .person("user 5")
        .text("..")
        .event(civil("2026-07-10T15:00", "Europe/Berlin"))
        .before(DAY)
    };
    let (_, id) = desk.schedule(ask("jane@exmaple.com")).await;
    let (what, again) = desk.schedule(ask("jane@example.com")).await;
    assert_eq!((what, again), (Scheduling::Updated, id));
    assert_eq!(desk.pass(30 * DAY).await, 0, "the engine came back only after it had expired");

    let desk = Desk::at(&backend, "2026-07-01T00:00:00Z");
    let ask = |address: &str| {
        Reminder::new("other", &booking(2), address.parse::<puntual::task::EmailAddress>().unwrap())
            .person("user 5")
            .text("..")
            .event(civil("2026-07-10T15:00", "Europe/Berlin"))
            .before(DAY)
    };
    desk.schedule(ask("jane@exmaple.com")).await;
    desk.schedule(ask("jane@example.com")).await;
    desk.clock.advance_to(instant("2026-07-09T13:00:00Z"));
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1, "one message in all");
    let sent = desk.mailbox.sent();
    assert_eq!(sent[0].notification.recipient.address().as_str(), "jane@example.com");

    let person = PersonKey::new("user 5").unwrap();
    desk.scheduler.move_subject(&booking(2), civil("2026-08-10T15:00", "UTC")).await.unwrap();
    desk.scheduler.cancel_person(&person).await.unwrap();
    assert_eq!(desk.pass(60 * DAY).await, 0, "cancelling everything of one person is one call");
}

/// Scenario 15.
async fn new_zone_rules_move_the_due_time_and_not_the_local_time(backend: impl Backend) {
    let directory = tempfile::tempdir().unwrap();
    write_zone(directory.path(), "America/Vancouver", "PST8PDT,M3.2.0,M11.1.0");
    let older = TzDatabase::from_dir(directory.path(), "2025b").unwrap();
    let desk = Desk::with(&backend, "2026-12-01T00:00:00Z", |b| b.tz_database(older.clone()));
    let at = civil("2027-01-20T09:00", "America/Vancouver");
    let (_, id) = desk.schedule(reminder("reminder_24h").event(at).before(DAY)).await;
    desk.scheduler.maintain().await.unwrap();
    assert_eq!(desk.task(id).await.due_at, instant("2027-01-19T17:00:00Z"));

    let newer = TzDatabase::bundled();
    assert!(newer.version() > older.version());
    let restarted = engine(&desk.store, &desk.clock, 2)
        .notifier(desk.mailbox.clone())
        .tz_database(newer)
        .build()
        .unwrap();
    restarted.maintain().await.unwrap();
    let task = desk.task(id).await;
    assert_eq!(task.due_at, instant("2027-01-19T16:00:00Z"));
    let head = task.body.head().unwrap();
    assert_eq!(head.generation, 1, "the host asked for the same thing");
    assert_eq!(head.event.unwrap().local().unwrap().to_string(), "2027-01-20 09:00:00");
    assert_eq!(desk.story(id).await, [What::Scheduled, What::Rescheduled]);

    desk.scheduler.maintain().await.unwrap();
    let task = desk.task(id).await;
    assert_eq!(task.due_at, instant("2027-01-19T16:00:00Z"), "older rules leave it alone");
}

async fn a_move_that_leaves_no_time_before_the_event_skips_the_reminder(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-07-01T00:00:00Z");
    let at = civil("2026-07-10T15:00", "UTC");
    let ask = Reminder::new("morning", &booking(1), jane()).text("..").event(at);
    let (_, id) = desk.schedule(ask.days_before(0).at("07:00")).await;
    let early = civil("2026-07-11T06:00", "UTC");
    let moved = desk.scheduler.move_subject(&booking(1), early).await.unwrap();
    assert_eq!(moved[0].what, Scheduling::Skipped);
    assert_eq!(desk.task(id).await.state, TaskState::Skipped);
    let back = civil("2026-07-12T15:00", "UTC");
    let moved = desk.scheduler.move_subject(&booking(1), back).await.unwrap();
    assert_eq!(moved[0].what, Scheduling::Moved, "a later move brings it back");
    desk.clock.advance_to(instant("2026-07-12T07:00:00Z"));
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
}
