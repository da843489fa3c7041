//! How much may go out: to one person, whoever asks for it, and on one channel.

use std::time::Duration;

use puntual::inspect::Obstacle;
use puntual::notify::MemoryNotifier;
use puntual::policy::Rate;
use puntual::store::{TaskFilter, TaskStoreExt};
use puntual::task::{Channel, PersonKey, PhoneNumber, Reason, TaskState};
use puntual::time::EventTime;
use puntual::{Reminder, Reminders};

use super::{
    Backend, DAY, Desk, HOUR, MINUTE, booking, each_store, engine, instant, jane, reminder,
};

each_store!(
    s22_a_thousand_bookings_for_one_address_are_at_most_twenty_mails_in_any_hour,
    two_engines_share_the_limit_of_one_person,
    a_limit_is_a_person_s_and_a_channel_s_and_can_be_switched_off,
    what_cannot_be_sent_before_it_expires_expires_with_that_reason,
    what_has_room_shortly_before_it_expires_waits_for_it,
    a_flood_that_was_cancelled_does_not_keep_a_later_message_waiting_for_days,
    engines_share_the_rate_of_a_channel_and_a_confirmation_passes_the_backlog,
    what_expires_while_its_channel_is_at_its_rate_says_so,
);

const NOW: &str = "2026-07-01T00:00:00Z";

fn confirmations(count: u32) -> Vec<Reminder> {
    of_kind("k", count)
}

fn of_kind(kind: &str, count: u32) -> Vec<Reminder> {
    let confirmation = |id| Reminder::new(kind, &booking(id), jane()).text("..").now();
    (0..count).map(confirmation).collect()
}

/// The most messages in any stretch of this length.
fn most_within(length: Duration, mailbox: &MemoryNotifier) -> usize {
    let length = puntual::chrono::TimeDelta::from_std(length).unwrap();
    let times: Vec<_> = mailbox.sent().into_iter().map(|sent| sent.at).collect();
    let from =
        |first: usize| times[first..].iter().take_while(|at| **at - times[first] < length).count();
    (0..times.len()).map(from).max().unwrap_or_default()
}

async fn s22_a_thousand_bookings_for_one_address_are_at_most_twenty_mails_in_any_hour(
    backend: impl Backend,
) {
    const ALL: u32 = 1_000;
    let desk = Desk::at(&backend, NOW);
    let outcomes = desk.scheduler.schedule_all(confirmations(ALL)).await.unwrap();
    assert_eq!(desk.pass(Duration::ZERO).await, 20);
    let joe: puntual::task::EmailAddress = "joe@example.com".parse().unwrap();
    desk.schedule(Reminder::new("k", &booking(1), joe).text("..").now()).await;
    assert_eq!(desk.pass(Duration::ZERO).await, 1, "nobody else waits for that");
    let mut waiting = None;
    for outcome in &outcomes {
        let task = desk.task(outcome.id).await;
        if task.state == TaskState::Scheduled {
            waiting = Some(task.id);
            break;
        }
    }
    let why = desk.scheduler.explain(waiting.unwrap()).await.unwrap().unwrap().to_string();
    assert!(why.contains("its person has been sent as much as one may be sent"), "{why}");

    for _ in 0..290 {
        desk.pass(5 * MINUTE).await;
    }
    let of_jane = desk.mailbox.sent().len() - 1;
    assert!((400..=500).contains(&of_jane), "{of_jane} in a day");
    assert!(most_within(HOUR, &desk.mailbox) <= 21, "Joe's mail among them");
    let all = desk.store.all(TaskFilter::default()).await.unwrap();
    let in_state = |state| all.iter().filter(|task| task.state == state).count();
    assert_eq!(in_state(TaskState::Sent), of_jane + 1);
    assert_eq!(in_state(TaskState::Expired), ALL as usize - of_jane, "the sums match");
    let expired = all.iter().find(|task| task.state == TaskState::Expired).unwrap();
    let history = desk.store.history_of(expired.id).await.unwrap();
    assert_eq!(history.last().unwrap().entry.reason, Some(Reason::Throttled));
    assert!(history.len() <= 5, "it is not put off again and again: {}", history.len());
}

async fn two_engines_share_the_limit_of_one_person(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    let other = engine(&desk.store, &desk.clock, 2).notifier(desk.mailbox.clone()).build().unwrap();
    desk.scheduler.schedule_all(confirmations(100)).await.unwrap();
    for _ in 0..40 {
        let both = tokio::join!(desk.scheduler.run_until_idle(), other.run_until_idle());
        let _ = (both.0.unwrap(), both.1.unwrap());
        assert!(most_within(HOUR, &desk.mailbox) <= 20);
        desk.clock.advance(3 * MINUTE);
    }
    let sent = desk.mailbox.sent().len();
    assert!((20..=40).contains(&sent), "{sent} in two hours");
}

async fn a_limit_is_a_person_s_and_a_channel_s_and_can_be_switched_off(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    let phone: PhoneNumber = "+4915112345678".parse().unwrap();
    let text = |id| Reminder::new("k", &booking(id), phone.clone()).text("..").now();
    desk.scheduler.schedule_all((0..10).map(text).collect()).await.unwrap();
    let of = |id: u32, person: &str| {
        Reminder::new("of", &booking(id), jane()).person(person).text("..").now()
    };
    desk.scheduler.schedule_all((0..15).map(|id| of(id, "user 5")).collect()).await.unwrap();
    desk.scheduler.schedule_all((0..15).map(|id| of(id, "user 6")).collect()).await.unwrap();
    desk.pass(Duration::ZERO).await;
    assert_eq!(desk.phone.sent().len(), 5, "each text wakes somebody up");
    assert_eq!(desk.mailbox.sent().len(), 30, "two persons");

    let without = engine(&desk.store, &desk.clock, 2)
        .notifier(desk.mailbox.clone())
        .rate_per_person(Channel::EMAIL, None)
        .build()
        .unwrap();
    without.schedule_all(confirmations(50)).await.unwrap();
    assert_eq!(without.run_until_idle().await.unwrap().sent, 50);
}

async fn what_cannot_be_sent_before_it_expires_expires_with_that_reason(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    desk.scheduler.schedule_all(confirmations(20)).await.unwrap();
    desk.pass(Duration::ZERO).await;
    let at = EventTime::instant(instant(NOW) + HOUR / 2).unwrap();
    let soon = reminder("soon").event(at).now();
    let soon = soon.expiry(puntual::policy::ExpiryPolicy::at_event());
    let (_, soon) = desk.schedule(soon).await;
    let (_, later) = desk.schedule(reminder("later").now()).await;
    desk.pass(Duration::ZERO).await;
    let last_chance = instant(NOW) + HOUR / 2 - 5 * MINUTE;
    assert_eq!(desk.task(soon).await.wake_at, Some(last_chance));
    desk.clock.advance_to(last_chance);
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().expired, 1);
    let history = desk.store.history_of(soon).await.unwrap();
    assert_eq!(history.last().unwrap().entry.reason, Some(Reason::Throttled));
    assert_eq!(desk.task(later).await.state, TaskState::Scheduled);
    assert_eq!(desk.pass(HOUR).await, 1);
}

async fn what_has_room_shortly_before_it_expires_waits_for_it(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    desk.scheduler.schedule_all(confirmations(20)).await.unwrap();
    assert_eq!(desk.pass(Duration::ZERO).await, 20);
    let at = EventTime::instant(instant(NOW) + HOUR + 2 * MINUTE).unwrap();
    let tight = reminder("tight").event(at).now();
    let tight = tight.expiry(puntual::policy::ExpiryPolicy::at_event());
    let (_, tight) = desk.schedule(tight).await;
    desk.pass(Duration::ZERO).await;
    assert_eq!(desk.task(tight).await.wake_at, Some(instant(NOW) + HOUR), "not at 57 minutes");
    assert_eq!(desk.pass(HOUR).await, 1);

    // And one that has less than five minutes from the start.
    desk.clock.advance(2 * HOUR);
    desk.scheduler.schedule_all(of_kind("again", 20)).await.unwrap();
    assert_eq!(desk.pass(Duration::ZERO).await, 20);
    desk.clock.advance(HOUR - MINUTE);
    let at = EventTime::instant(desk.clock.now() + 2 * MINUTE).unwrap();
    let short = reminder("short").event(at).now();
    let (_, short) = desk.schedule(short.expiry(puntual::policy::ExpiryPolicy::at_event())).await;
    desk.pass(Duration::ZERO).await;
    assert_eq!(desk.task(short).await.state, TaskState::Scheduled);
    assert_eq!(desk.pass(MINUTE).await, 1);
}

async fn a_flood_that_was_cancelled_does_not_keep_a_later_message_waiting_for_days(
    backend: impl Backend,
) {
    let desk = Desk::at(&backend, NOW);
    let lasting =
        |reminder: Reminder| reminder.expiry(puntual::policy::ExpiryPolicy::after_due(30 * DAY));
    let flood = confirmations(1_000).into_iter().map(lasting).collect();
    desk.scheduler.schedule_all(flood).await.unwrap();
    assert_eq!(desk.pass(Duration::ZERO).await, 20);
    desk.scheduler.cancel_person(&PersonKey::new("jane@example.com").unwrap()).await.unwrap();
    let late = reminder("late").now();
    let (_, first) = desk.schedule(lasting(late)).await;
    desk.pass(Duration::ZERO).await;
    let wake = desk.task(first).await.wake_at.unwrap();
    assert!(wake <= instant(NOW) + DAY / 2, "{wake}");
    // A message that finds room shows that nobody waits.
    desk.clock.advance(2 * HOUR);
    desk.schedule(reminder("early").now()).await;
    assert_eq!(desk.pass(Duration::ZERO).await, 1);
    desk.scheduler.schedule_all(of_kind("more", 22)).await.unwrap();
    assert_eq!(desk.pass(Duration::ZERO).await, 19);
    assert_eq!(desk.pass(HOUR).await, 1);
    assert_eq!(desk.pass(6 * MINUTE).await, 2);
}

/// Scenario 20, and the rate of scenario 8: ten a second.
async fn engines_share_the_rate_of_a_channel_and_a_confirmation_passes_the_backlog(
    backend: impl Backend,
) {
    const ALL: u32 = 500;
    let step = Duration::from_millis(50);
    let ten = Rate::new(10, Duration::from_secs(1)).unwrap();
    let desk = Desk::with(&backend, NOW, |builder| builder.rate(Channel::EMAIL, ten));
    let other = engine(&desk.store, &desk.clock, 2).notifier(desk.mailbox.clone());
    let other = other.rate(Channel::EMAIL, ten).build().unwrap();
    let overdue = |id: u32| {
        let reminder = Reminder::new("reminder", &booking(id), jane()).text("..");
        let due = instant(NOW) + Duration::from_millis(u64::from(id));
        reminder.person(format!("user {id}")).at(due)
    };
    desk.scheduler.schedule_all((0..ALL).map(overdue).collect()).await.unwrap();
    desk.clock.advance(MINUTE);
    for _ in 0..100 {
        desk.scheduler.run_until_idle().await.unwrap();
        other.run_until_idle().await.unwrap();
        desk.clock.advance(step);
    }
    let drained = desk.mailbox.sent().len();
    assert!((45..=51).contains(&drained), "{drained} in five seconds");
    let pending = TaskFilter::default().pending(true);
    let waiting = desk.store.all(pending).await.unwrap()[0].id;
    desk.scheduler.run_until_idle().await.unwrap();
    let why = desk.scheduler.explain(waiting).await.unwrap().unwrap();
    assert!(why.blockers.iter().any(|blocker| blocker.what == Obstacle::RateLimited), "{why}");

    let (_, id) = desk.schedule(reminder("confirmation").now()).await;
    for _ in 0..20 {
        other.run_until_idle().await.unwrap();
        desk.scheduler.run_until_idle().await.unwrap();
        desk.clock.advance(step);
    }
    assert_eq!(desk.task(id).await.state, TaskState::Sent, "within a second");
    let mut left = ALL;
    while left > 0 {
        desk.pass(step).await;
        other.run_until_idle().await.unwrap();
        let all = desk.mailbox.sent().len();
        left = ALL + 1 - u32::try_from(all).unwrap();
        assert!(desk.clock.now() < instant(NOW) + DAY, "{left} are left");
    }
    assert!(most_within(Duration::from_secs(1), &desk.mailbox) <= 10);
    let mails = desk.mailbox.sent();
    let backlog = mails.iter().filter(|mail| mail.task != id);
    let due: Vec<_> = backlog.map(|mail| mail.notification.due_at).collect();
    assert!(due.is_sorted(), "the earliest first");
}

async fn what_expires_while_its_channel_is_at_its_rate_says_so(backend: impl Backend) {
    let one = Rate::new(1, HOUR).unwrap();
    let desk = Desk::with(&backend, NOW, |builder| builder.rate(Channel::EMAIL, one));
    let ask = |kind| {
        let at = EventTime::instant(instant(NOW) + HOUR / 2).unwrap();
        reminder(kind).event(at).now().expiry(puntual::policy::ExpiryPolicy::at_event())
    };
    desk.schedule(ask("first")).await;
    assert_eq!(desk.pass(Duration::ZERO).await, 1);
    let (_, second) = desk.schedule(ask("second")).await;
    assert_eq!(desk.pass(MINUTE).await, 0);
    assert_eq!(desk.task(second).await.state, TaskState::Scheduled, "it is not even claimed");
    assert_eq!(desk.pass(HOUR).await, 0);
    let history = desk.store.history_of(second).await.unwrap();
    assert_eq!(history.last().unwrap().entry.reason, Some(Reason::RateLimited));

    // Nothing waits any more; what expires now does so for another reason.
    assert_eq!(desk.pass(HOUR).await, 0);
    let at = EventTime::instant(desk.clock.now() + HOUR / 2).unwrap();
    let late = reminder("late").event(at).now();
    let (_, late) = desk.schedule(late.expiry(puntual::policy::ExpiryPolicy::at_event())).await;
    assert_eq!(desk.pass(HOUR).await, 0);
    let history = desk.store.history_of(late).await.unwrap();
    assert_eq!(history.last().unwrap().entry.reason, Some(Reason::TooLate));
}
