//! What must not be repeated without a pause.

use std::time::Duration;

use puntual::scheduler::GuardAnswer;
use puntual::store::{MemoryStore, StoreErrorKind, TaskStoreExt};
use puntual::task::{Task, TaskState};
use puntual::testing::{Fault, FaultyStore, Operation, Step, VirtualClock};
use puntual::{Reminders, ScheduleError};

use super::another;
use crate::engine::{START, mailbox};
use crate::scenarios::{MINUTE, booking, civil, reminder};

type Asked = std::sync::Arc<Task>;

#[tokio::test]
async fn a_guard_that_moves_the_event_of_a_reminder_without_one_lets_it_go_out() {
    let clock = VirtualClock::at(START);
    let scheduler = another(MemoryStore::new(), &clock)
        .notifier(mailbox())
        .guard(|_: Asked| async {
            Ok::<_, ScheduleError>(GuardAnswer::Moved(civil("2026-07-10T15:00", "UTC")))
        })
        .build()
        .unwrap();
    scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    assert_eq!(scheduler.process_due(10).await.unwrap().sent, 1);
}

#[tokio::test]
async fn a_guard_that_defers_into_the_past_is_not_asked_again_at_once() {
    let (store, clock) = (MemoryStore::new(), VirtualClock::at(START));
    let scheduler = another(store.clone(), &clock)
        .notifier(mailbox())
        .guard(|_: Asked| async {
            Ok::<_, ScheduleError>(GuardAnswer::Defer(puntual::time::FIRST_INSTANT))
        })
        .build()
        .unwrap();
    let id = scheduler.schedule(reminder("confirmation").now()).await.unwrap().id;
    assert_eq!(scheduler.process_due(10).await.unwrap().deferred, 1);
    assert_eq!(scheduler.process_due(10).await.unwrap().claimed, 0);
    assert!(store.task(id).await.unwrap().unwrap().wake_at.unwrap() > clock.now());
}

#[tokio::test]
async fn who_finds_the_channel_down_while_others_are_served_waits() {
    let clock = VirtualClock::at(START);
    let down = (0..9).fold(mailbox(), |mailbox, _| {
        mailbox.then_for("jane@example.com", Step::channel_down("421"))
    });
    let scheduler = another(MemoryStore::new(), &clock).notifier(down).build().unwrap();
    scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    assert_eq!(scheduler.process_due(10).await.unwrap().deferred, 1);
    let joe: puntual::task::EmailAddress = "joe@example.com".parse().unwrap();
    let other = puntual::Reminder::new("other", &booking(2), joe).text("..").now();
    scheduler.schedule(other).await.unwrap();
    let report = scheduler.process_due(10).await.unwrap();
    assert_eq!((report.sent, report.deferred), (1, 1));
    assert_eq!(scheduler.process_due(10).await.unwrap().deferred, 1);
    assert_eq!(scheduler.process_due(10).await.unwrap().claimed, 0);
    clock.advance(Duration::from_secs(5));
    assert_eq!(scheduler.process_due(10).await.unwrap().claimed, 1);
}

#[tokio::test]
async fn a_running_engine_whose_database_goes_to_another_environment_leaves_its_rows_alone() {
    let (store, clock) = (FaultyStore::new(MemoryStore::new()), VirtualClock::at(START));
    let engine = |name: &str| {
        another(store.clone(), &clock).notifier(mailbox()).environment(name).build().unwrap()
    };
    let (ours, theirs) = (engine("staging"), engine("production"));
    let handle = ours.start();
    clock.settle().await;
    theirs.adopt().await.unwrap();
    let before = store.calls(Operation::Claim);
    let id = theirs.schedule(reminder("confirmation").now()).await.unwrap().id;
    clock.run_for(10 * MINUTE).await;
    assert!(store.calls(Operation::Claim) - before <= 1, "it looks without claiming");
    assert!(store.history_of(id).await.unwrap().len() <= 2);
    ours.adopt().await.unwrap();
    clock.run_for(MINUTE).await;
    assert_eq!(store.task(id).await.unwrap().unwrap().state, TaskState::Sent);
    handle.shutdown(MINUTE).await;
}

#[tokio::test]
async fn a_hand_off_that_cannot_be_marked_is_tried_again_after_a_pause() {
    let (store, clock) = (FaultyStore::new(MemoryStore::new()), VirtualClock::at(START));
    let mailbox = mailbox();
    let scheduler = another(store.clone(), &clock).notifier(mailbox.clone()).build().unwrap();
    let handle = scheduler.start();
    store.inject(Operation::Extend, Fault::before(StoreErrorKind::Transient).from_now_on());
    scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    clock.run_for(5 * MINUTE).await;
    assert!(store.calls(Operation::Claim) < 50, "{}", store.calls(Operation::Claim));
    assert!(mailbox.accepted().is_empty());
    store.heal();
    clock.run_for(MINUTE).await;
    assert_eq!(mailbox.accepted().len(), 1);
    handle.shutdown(MINUTE).await;
}
