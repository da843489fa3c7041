//! What the suppression of addresses costs, and how it goes without notes and with many entries.

use std::sync::Arc;
use std::time::Duration;

use puntual::scheduler::SuppressionReason;
use puntual::store::{MemoryStore, NoteWrite, StoreErrorKind, TaskStore};
use puntual::task::EmailAddress;
use puntual::testing::{Fault, FaultyStore, Operation, VirtualClock};
use puntual::{Reminder, Reminders, Scheduler};

use super::{START, mailbox};
use crate::conformance::custom::custom_store::VecStore;
use crate::scenarios::{DAY, booking, engine};

fn person(number: u32) -> EmailAddress {
    format!("p{number}@example.com").parse().unwrap()
}

fn mails(numbers: std::ops::Range<u32>) -> Vec<Reminder> {
    let mail = |number| Reminder::new("k", &booking(number), person(number)).text("..").now();
    numbers.map(mail).collect()
}

fn over(store: &Arc<dyn TaskStore>, clock: &VirtualClock) -> Scheduler {
    engine(store, clock, 1).notifier(mailbox()).build().unwrap()
}

#[tokio::test]
async fn all_tasks_of_a_claim_are_looked_up_by_one_read() {
    let (store, clock) = (FaultyStore::new(MemoryStore::new()), VirtualClock::at(START));
    let scheduler = over(&(Arc::new(store.clone()) as Arc<dyn TaskStore>), &clock);
    scheduler.suppress(person(3), SuppressionReason::OptedOut).await.unwrap();
    scheduler.process_due(100).await.unwrap();
    scheduler.schedule_all(mails(0..30)).await.unwrap();
    let before = store.calls(Operation::ReadNotes);
    let report = scheduler.process_due(100).await.unwrap();
    assert_eq!((report.sent, report.failed), (29, 1));
    let reads = store.calls(Operation::ReadNotes) - before;
    assert_eq!(reads, 2, "one for them, and one for the identity when the store is opened");
    let before = store.calls(Operation::ReadNotes);
    assert_eq!(scheduler.process_due(100).await.unwrap().claimed, 0);
    assert_eq!(store.calls(Operation::ReadNotes) - before, 1, "nothing is read for nothing");
}

#[tokio::test]
async fn where_it_cannot_be_known_nothing_is_attempted() {
    let (store, clock) = (FaultyStore::new(MemoryStore::new()), VirtualClock::at(START));
    let mail = mailbox();
    let shared: Arc<dyn TaskStore> = Arc::new(store.clone());
    let scheduler = engine(&shared, &clock, 1).notifier(mail.clone()).build().unwrap();
    scheduler.suppress(person(0), SuppressionReason::OptedOut).await.unwrap();
    let handle = scheduler.start();
    clock.run_for(Duration::from_secs(1)).await;
    let fault = Fault::before(StoreErrorKind::Transient).from_now_on();
    store.inject(Operation::ReadNotes, fault);
    scheduler.schedule_all(mails(0..2)).await.unwrap();
    clock.run_for(Duration::from_secs(300)).await;
    assert!(mail.journal().is_empty());
    store.heal();
    clock.run_for(Duration::from_secs(120)).await;
    assert_eq!(mail.accepted().len(), 1, "and then all but the unwanted one");
    handle.shutdown(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn more_entries_than_one_page_holds_are_swept_too() {
    let store: Arc<dyn TaskStore> = Arc::new(MemoryStore::new());
    let clock = VirtualClock::at(START);
    let scheduler = over(&store, &clock);
    let unwanted = SuppressionReason::OptedOut;
    for number in 0..1_200 {
        let reason = if number < 3 { unwanted } else { SuppressionReason::Undeliverable };
        scheduler.suppress(person(number), reason).await.unwrap();
    }
    assert_eq!(scheduler.suppressions(5_000).await.unwrap().len(), 1_000);
    clock.advance(30 * DAY);
    scheduler.maintain().await.unwrap();
    let left = scheduler.suppressions(5_000).await.unwrap();
    assert_eq!(left.len(), 3);
    assert!(left.iter().all(|entry| entry.reason == unwanted));
    let notes = store.notes().unwrap().list_notes("suppressed/", 10).await.unwrap();
    assert_eq!(notes.len(), 3);
}

#[tokio::test]
async fn without_notes_each_engine_keeps_its_own() {
    let store: Arc<dyn TaskStore> = Arc::new(VecStore::default());
    let clock = VirtualClock::at(START);
    let scheduler = over(&store, &clock);
    scheduler.suppress(person(0), SuppressionReason::OptedOut).await.unwrap();
    scheduler.schedule_all(mails(0..2)).await.unwrap();
    let report = scheduler.run_until_idle().await.unwrap();
    assert_eq!((report.sent, report.failed), (1, 1));
    assert_eq!(scheduler.suppressions(10).await.unwrap().len(), 1);
    assert!(over(&store, &clock).suppressions(10).await.unwrap().is_empty());
    assert!(scheduler.unsuppress(person(0)).await.unwrap().is_some());
    scheduler.maintain().await.unwrap();
    assert!(scheduler.suppression(person(0)).await.unwrap().is_none());
}

/// Writes a note as another version, or a bad disk, would.
async fn overwrite(store: &Arc<dyn TaskStore>, clock: &VirtualClock, prefix: &str, text: &str) {
    let notes = store.notes().unwrap();
    let note = notes.list_notes(prefix, 1).await.unwrap().pop().unwrap();
    let write = NoteWrite::new(&note.name, Some(&note), Some(text.to_owned()));
    notes.write_note(clock.now(), &write).await.unwrap();
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_holds_and_is_not_overwritten_by_a_weaker_one() {
    let newer = r#"{"channel":"email","reason":"complained","since":"2026-07-01T00:00:00Z"}"#;
    for text in ["damaged", newer] {
        let store: Arc<dyn TaskStore> = Arc::new(MemoryStore::new());
        let clock = VirtualClock::at(START);
        let scheduler = over(&store, &clock);
        scheduler.suppress(person(0), SuppressionReason::OptedOut).await.unwrap();
        overwrite(&store, &clock, "suppressed/", text).await;
        scheduler.schedule_all(mails(0..1)).await.unwrap();
        assert_eq!(scheduler.run_until_idle().await.unwrap().failed, 1);
        let weaker = SuppressionReason::Undeliverable;
        let kept = scheduler.suppress(person(0), weaker).await.unwrap();
        assert_eq!((kept.reason, kept.until), (SuppressionReason::OptedOut, None));
        clock.advance(365 * DAY);
        scheduler.maintain().await.unwrap();
        let notes = store.notes().unwrap().list_notes("suppressed/", 2).await.unwrap();
        assert_eq!(notes[0].text, text, "a newer version can still read it");
        assert_eq!(scheduler.suppressions(5).await.unwrap().len(), 1);
        scheduler.unsuppress(person(0)).await.unwrap().unwrap();
        assert!(scheduler.suppression(person(0)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_damaged_key_is_an_error_and_frees_nobody() {
    let store: Arc<dyn TaskStore> = Arc::new(MemoryStore::new());
    let clock = VirtualClock::at(START);
    let unwanted = SuppressionReason::OptedOut;
    over(&store, &clock).suppress(person(0), unwanted).await.unwrap();
    overwrite(&store, &clock, "digest_key", "damaged").await;
    let scheduler = engine(&store, &clock, 2).notifier(mailbox()).build().unwrap();
    let refused = scheduler.suppress(person(1), unwanted).await.unwrap_err();
    let why = std::error::Error::source(&refused).unwrap().to_string();
    assert!(why.contains("the note digest_key is damaged"), "{why}");
    scheduler.schedule_all(mails(0..1)).await.unwrap();
    assert!(scheduler.process_due(10).await.is_err());
    let notes = store.notes().unwrap().read_notes(&["digest_key".to_owned()]).await.unwrap();
    assert_eq!(notes[0].as_ref().unwrap().text, "damaged", "it is not replaced");
}
