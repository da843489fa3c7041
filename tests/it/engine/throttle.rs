//! What the limits cost, and what becomes of them when the store fails.

use std::sync::Arc;
use std::time::Duration;

use puntual::policy::{ExpiryPolicy, Rate};
use puntual::scheduler::Paused;
use puntual::store::{MemoryStore, StoreErrorKind, TaskStore};
use puntual::task::{Channel, EmailAddress, Kind};
use puntual::testing::{Fault, FaultyStore, Operation, Stall, Step, VirtualClock};
use puntual::{Reminder, Reminders};

use super::{START, mailbox};
use crate::conformance::custom::custom_store::VecStore;
use crate::scenarios::{booking, engine, reminder};

fn mails(numbers: std::ops::Range<u32>) -> Vec<Reminder> {
    let person = |number| format!("p{number}@example.com").parse::<EmailAddress>().unwrap();
    let mail = |number| Reminder::new("k", &booking(number), person(number)).text("..").now();
    numbers.map(mail).collect()
}

fn faulty() -> (FaultyStore<MemoryStore>, Arc<dyn TaskStore>, VirtualClock) {
    let store = FaultyStore::new(MemoryStore::new());
    (store.clone(), Arc::new(store), VirtualClock::at(START))
}

#[tokio::test]
async fn the_messages_of_a_claim_are_counted_once_and_an_idle_engine_counts_nothing() {
    let (store, shared, clock) = faulty();
    let scheduler = engine(&shared, &clock, 1).notifier(mailbox()).build().unwrap();
    scheduler.schedule_all(mails(0..30)).await.unwrap();
    assert_eq!(scheduler.process_due(100).await.unwrap().sent, 30);
    assert_eq!(store.calls(Operation::CountSent), 1);
    assert_eq!(scheduler.process_due(100).await.unwrap().claimed, 0);
    let handle = scheduler.start();
    clock.run_for(Duration::from_secs(600)).await;
    assert_eq!(store.calls(Operation::CountSent), 1);
    handle.shutdown(Duration::from_secs(1)).await;

    let free = engine(&shared, &clock, 2).notifier(mailbox());
    let free = free.rate_per_person(Channel::EMAIL, None).build().unwrap();
    free.schedule_all(mails(30..60)).await.unwrap();
    assert_eq!(free.process_due(100).await.unwrap().sent, 30);
    assert_eq!(store.calls(Operation::CountSent), 1, "nothing is counted that nobody limits");
}

#[tokio::test]
async fn permits_are_taken_for_a_whole_claim_and_an_idle_engine_takes_none() {
    let (store, shared, clock) = faulty();
    let rate = Rate::new(200, Duration::from_secs(1)).unwrap();
    let scheduler = engine(&shared, &clock, 1).notifier(mailbox()).rate(Channel::EMAIL, rate);
    let scheduler = scheduler.build().unwrap();
    scheduler.process_due(100).await.unwrap();
    scheduler.schedule_all(mails(0..20)).await.unwrap();
    let before = store.calls(Operation::WriteNote);
    assert_eq!(scheduler.process_due(100).await.unwrap().sent, 20, "a tenth at once");
    assert_eq!(store.calls(Operation::WriteNote) - before, 1);
    clock.advance(Duration::from_secs(10));
    for _ in 0..10 {
        assert_eq!(scheduler.process_due(100).await.unwrap().claimed, 0);
    }
    assert_eq!(store.calls(Operation::WriteNote) - before, 1);
}

#[tokio::test]
async fn what_is_paused_takes_no_permits() {
    let (_, shared, clock) = faulty();
    let rate = Rate::new(10, Duration::from_secs(10)).unwrap();
    let scheduler = engine(&shared, &clock, 1).notifier(mailbox()).rate(Channel::EMAIL, rate);
    let scheduler = scheduler.build().unwrap();
    scheduler.pause(Paused::Kind(Kind::new("k").unwrap())).await.unwrap();
    scheduler.schedule_all(mails(0..1)).await.unwrap();
    let report = scheduler.process_due(100).await.unwrap();
    assert_eq!((report.claimed, report.sent), (1, 0));
    scheduler.schedule(reminder("other").now()).await.unwrap();
    assert_eq!(scheduler.process_due(100).await.unwrap().sent, 1, "the permit is still there");
}

#[tokio::test]
async fn a_note_that_lies_far_ahead_does_not_silence_a_channel() {
    let (_, shared, clock) = faulty();
    let over = |count, seconds| {
        let rate = Rate::new(count, Duration::from_secs(seconds)).unwrap();
        let builder = engine(&shared, &clock, seconds).notifier(mailbox());
        builder.rate(Channel::EMAIL, rate).build().unwrap()
    };
    let first = over(1, 86_400);
    first.schedule_all(mails(0..1)).await.unwrap();
    assert_eq!(first.process_due(100).await.unwrap().sent, 1);
    // Now its contract is another one, and the note is a day ahead.
    let second = over(10, 10);
    second.schedule_all(mails(1..2)).await.unwrap();
    assert_eq!(second.run_until_idle().await.unwrap().sent, 0);
    clock.advance(Duration::from_secs(5));
    assert_eq!(second.run_until_idle().await.unwrap().sent, 1);
}

#[tokio::test]
async fn a_started_engine_goes_on_at_its_rate_by_itself() {
    let (_, shared, clock) = faulty();
    let (mail, rate) = (mailbox(), Rate::new(10, Duration::from_secs(1)).unwrap());
    let scheduler = engine(&shared, &clock, 1).notifier(mail.clone()).rate(Channel::EMAIL, rate);
    let scheduler = scheduler.build().unwrap();
    scheduler.schedule_all(mails(0..100)).await.unwrap();
    let handle = scheduler.start();
    clock.run_for(Duration::from_secs(5)).await;
    let sent = mail.accepted().len();
    assert!((45..=51).contains(&sent), "{sent} in five seconds");
    clock.run_for(Duration::from_secs(6)).await;
    assert_eq!(mail.accepted().len(), 100);
    handle.shutdown(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn where_messages_cannot_be_counted_none_goes_out() {
    let (store, shared, clock) = faulty();
    let mail = mailbox();
    let scheduler = engine(&shared, &clock, 1).notifier(mail.clone()).build().unwrap();
    let handle = scheduler.start();
    clock.run_for(Duration::from_secs(1)).await;
    let fault = Fault::before(StoreErrorKind::Transient).from_now_on();
    store.inject(Operation::CountSent, fault);
    scheduler.schedule_all(mails(0..3)).await.unwrap();
    clock.run_for(Duration::from_secs(300)).await;
    assert!(mail.journal().is_empty());
    store.heal();
    clock.run_for(Duration::from_secs(120)).await;
    assert_eq!(mail.accepted().len(), 3);
    handle.shutdown(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn a_store_that_neither_counts_nor_keeps_notes_is_limited_all_the_same() {
    let store: Arc<dyn TaskStore> = Arc::new(VecStore::default());
    let clock = VirtualClock::at(START);
    let rate = Rate::new(30, Duration::from_secs(60)).unwrap();
    let scheduler = engine(&store, &clock, 1).notifier(mailbox()).rate(Channel::EMAIL, rate);
    let scheduler = scheduler.build().unwrap();
    let to_one = |reminder: Reminder| reminder.person("user 5");
    scheduler.schedule_all(mails(0..30).into_iter().map(to_one).collect()).await.unwrap();
    let mut sent = Vec::new();
    for _ in 0..100 {
        sent.push(scheduler.run_until_idle().await.unwrap().sent);
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(sent[0], 3, "a tenth at once");
    assert_eq!(sent.iter().sum::<u32>(), 20, "and no more than one person may be sent");
}

#[tokio::test]
async fn what_is_under_way_elsewhere_makes_nothing_expire_that_may_still_go() {
    let (_, shared, clock) = faulty();
    let (stall, mail) = (Stall::new(), mailbox());
    let slow = mailbox().with_concurrency(20);
    let slow = slow.otherwise(Step::permanent("gone").stalled_by(&stall));
    let other = engine(&shared, &clock, 2).notifier(slow.clone()).build().unwrap();
    let to_one = |reminder: Reminder| reminder.person("user 5");
    other.schedule_all(mails(0..20).into_iter().map(to_one).collect()).await.unwrap();
    let mut handle = Some(other.start());
    clock.run_for(Duration::from_secs(1)).await;
    assert_eq!(slow.journal().len(), 20, "all of them are under way");

    let scheduler = engine(&shared, &clock, 1).notifier(mail.clone()).build().unwrap();
    let expiry = ExpiryPolicy::after_due(Duration::from_secs(240));
    let soon = |reminder: Reminder| to_one(reminder).expiry(expiry);
    scheduler.schedule_all(mails(20..23).into_iter().map(soon).collect()).await.unwrap();
    for step in 0..23 {
        let report = scheduler.run_until_idle().await.unwrap();
        assert_eq!(report.expired, 0, "after {step}0 seconds");
        clock.run_for(Duration::from_secs(10)).await;
        if step == 10 {
            stall.release();
            clock.run_for(Duration::from_secs(1)).await;
            handle.take().unwrap().shutdown(Duration::from_secs(1)).await;
        }
    }
    let tried = slow.journal().len() - 20;
    assert_eq!(mail.accepted().len() + tried, 3, "nothing of what was under way arrived");
    assert!(tried <= 1);
}
