//! New rules of zones, and requests that change under way.

use puntual::Reminders;
use puntual::notify::OnUncertain;
use puntual::scheduler::Scheduling;
use puntual::store::{MemoryStore, TaskStoreExt};
use puntual::task::{Channel, PhoneNumber, TaskState};
use puntual::testing::{ScriptedNotifier, Stall, Step, VirtualClock};
use puntual::time::TzDatabase;

use super::another;
use crate::engine::{START, mailbox};
use crate::scenarios::{DAY, HOUR, MINUTE, booking, civil, reminder};
use crate::time::write_zone;

/// Overdue and newer rules at once: an engine that was down while its machine was updated.
#[tokio::test]
async fn what_is_overdue_when_the_rules_change_still_goes_out() {
    let directory = tempfile::tempdir().unwrap();
    write_zone(directory.path(), "America/Vancouver", "PST8PDT,M3.2.0,M11.1.0");
    let rules = |version| TzDatabase::from_dir(directory.path(), version).unwrap();
    let (store, clock) = (MemoryStore::new(), VirtualClock::at("2027-01-01T00:00:00Z"));
    let older = another(store.clone(), &clock).notifier(mailbox()).tz_database(rules("2025b"));
    let older = older.build().unwrap();
    let at = civil("2027-01-20T09:00", "America/Vancouver");
    let id = older.schedule(reminder("reminder").event(at).before(DAY)).await.unwrap().id;
    older.maintain().await.unwrap();
    clock.advance_to("2027-01-19T20:00:00Z");
    let due_at = store.task(id).await.unwrap().unwrap().due_at;
    let newer = another(store.clone(), &clock).notifier(mailbox()).tz_database(rules("2026b"));
    let newer = newer.build().unwrap();
    newer.maintain().await.unwrap();
    assert_eq!(newer.run_until_idle().await.unwrap().sent, 1);
    assert_eq!(store.task(id).await.unwrap().unwrap().due_at, due_at, "its rules are the same");
}

/// New rules put the due time into the past: it is late then, not too late.
#[tokio::test]
async fn what_new_rules_make_overdue_goes_out_late() {
    let directory = tempfile::tempdir().unwrap();
    let rules = |version, rule| {
        write_zone(directory.path(), "America/Vancouver", rule);
        TzDatabase::from_dir(directory.path(), version).unwrap()
    };
    let (store, clock) = (MemoryStore::new(), VirtualClock::at("2027-01-01T00:00:00Z"));
    let older = rules("2025b", "PST8PDT,M3.2.0,M11.1.0");
    let older = another(store.clone(), &clock).notifier(mailbox()).tz_database(older);
    let older = older.build().unwrap();
    let at = civil("2027-01-20T09:00", "America/Vancouver");
    older.schedule(reminder("reminder").event(at).before(DAY)).await.unwrap();
    clock.advance_to("2027-01-19T16:30:00Z");
    let newer = another(store, &clock).notifier(mailbox()).tz_database(rules("2026b", "MST7"));
    let newer = newer.build().unwrap();
    newer.maintain().await.unwrap();
    assert_eq!(newer.run_until_idle().await.unwrap().sent, 1);
}

/// The trigger changes while the message for the old due time is out, and that one fails.
#[tokio::test]
async fn a_retry_does_not_come_before_a_due_time_that_was_put_off_meanwhile() {
    for step in [Step::transient("451"), Step::uncertain("cut"), Step::channel_down("421")] {
        let (store, clock, stall) = (MemoryStore::new(), VirtualClock::at(START), Stall::new());
        let mailbox = mailbox().then(step.stalled_by(&stall));
        let scheduler = another(store.clone(), &clock).notifier(mailbox).build().unwrap();
        let ask = |lead| reminder("reminder").event(civil("2026-07-02T12:00", "UTC")).before(lead);
        let id = scheduler.schedule(ask(DAY)).await.unwrap().id;
        clock.advance_to("2026-07-01T12:00:00Z");
        let (report, again) = tokio::join!(scheduler.process_due(10), async {
            stall.reached_by(1).await;
            let again = scheduler.schedule(ask(HOUR)).await.unwrap();
            stall.release();
            again
        });
        assert_eq!(again.what, Scheduling::Updated);
        report.unwrap();
        let task = store.task(id).await.unwrap().unwrap();
        assert_eq!(task.state, TaskState::Scheduled);
        assert!(task.wake_at >= Some(task.due_at), "{task:?}");
    }
}

/// Whatever the host changes about a message that may have arrived, a person decides.
#[tokio::test]
async fn a_held_message_stays_held_when_its_request_changes() {
    let (store, clock) = (MemoryStore::new(), VirtualClock::at(START));
    let phone = ScriptedNotifier::new(Channel::SMS)
        .with_on_uncertain(OnUncertain::Hold)
        .then(Step::uncertain("timeout"));
    let scheduler = another(store.clone(), &clock).notifier(phone.clone()).build().unwrap();
    let jane: PhoneNumber = "+4915112345678".parse().unwrap();
    let ask = |text: &str, lead| {
        puntual::Reminder::new("reminder", &booking(1), jane.clone())
            .text(text.to_owned())
            .event(civil("2026-07-03T12:00", "UTC"))
            .before(lead)
    };
    let id = scheduler.schedule(ask("one", 2 * DAY)).await.unwrap().id;
    clock.advance(DAY);
    scheduler.run_until_idle().await.unwrap();
    assert_eq!(store.task(id).await.unwrap().unwrap().state, TaskState::Held);
    for changed in [ask("two", 2 * DAY), ask("two", HOUR)] {
        assert_eq!(scheduler.schedule(changed).await.unwrap().what, Scheduling::Updated);
        let task = store.task(id).await.unwrap().unwrap();
        assert_eq!((task.state, task.wake_at), (TaskState::Held, Some(task.expires_at)));
    }
    clock.advance(2 * DAY + MINUTE);
    scheduler.run_until_idle().await.unwrap();
    assert_eq!(phone.journal().len(), 1, "at most once");
}
