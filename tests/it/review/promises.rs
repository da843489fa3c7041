//! Never after expiry, never for what was cancelled: where several things happen at once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use puntual::Reminders;
use puntual::notify::{Attempt, Notification, Notifier, NotifyError, OnUncertain, Receipt};
use puntual::policy::ExpiryPolicy;
use puntual::scheduler::{Cancelling, GuardAnswer};
use puntual::store::{Change, MemoryStore, TaskStore, TaskStoreExt};
use puntual::task::{
    Channel, Entropy, EntryId, HistoryEntry, PersonKey, Task, TaskBody, TaskState, What,
};
use puntual::testing::{Stall, Step, VirtualClock};
use tokio::sync::Notify;

use super::another;
use crate::engine::{START, mailbox};
use crate::scenarios::{DAY, MINUTE, civil, reminder};

/// Tries two hosts, one after the other, and passes the gate before each.
#[derive(Debug)]
struct TwoHosts {
    clock: VirtualClock,
    second: std::sync::Mutex<Option<bool>>,
    left: std::sync::Mutex<Duration>,
}

#[async_trait]
impl Notifier for TwoHosts {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Hold
    }

    async fn notify(&self, attempt: &Attempt, _: &Notification) -> Result<Receipt, NotifyError> {
        let first = attempt.hand_off().await?;
        *self.left.lock().unwrap() = first.time_left();
        self.clock.advance(Duration::from_secs(10));
        let second = attempt.hand_off().await;
        *self.second.lock().unwrap() = Some(second.is_ok());
        Err(NotifyError::transient("451", "both refuse"))
    }
}

#[tokio::test]
async fn nothing_passes_the_gate_twice_over_its_expiry_and_time_left_ends_there() {
    let (store, clock) = (MemoryStore::new(), VirtualClock::at(START));
    let hosts = Arc::new(TwoHosts {
        clock: clock.clone(),
        second: Default::default(),
        left: Default::default(),
    });
    let scheduler = another(store, &clock).notifier(hosts.clone()).build().unwrap();
    let short = ExpiryPolicy::after_due(Duration::from_secs(5));
    scheduler.schedule(reminder("confirmation").now().expiry(short)).await.unwrap();
    scheduler.process_due(10).await.unwrap();
    assert_eq!(*hosts.left.lock().unwrap(), Duration::from_secs(5));
    assert_eq!(*hosts.second.lock().unwrap(), Some(false));
}

#[tokio::test]
async fn a_cancel_outlives_a_guard_that_moves_the_event() {
    let (store, clock) = (MemoryStore::new(), VirtualClock::at(START));
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let guard = {
        let (asked, go) = (asked.clone(), go.clone());
        move |_: Arc<Task>| {
            let (asked, go) = (asked.clone(), go.clone());
            async move {
                asked.notify_one();
                go.notified().await;
                let later = civil("2026-07-20T15:00", "UTC");
                Ok::<_, puntual::ScheduleError>(GuardAnswer::Moved(later))
            }
        }
    };
    let mailbox = mailbox().with_marks_hand_off(false);
    let scheduler = another(store.clone(), &clock).notifier(mailbox).guard(guard).build().unwrap();
    let at = civil("2026-07-10T15:00", "UTC");
    let id = scheduler.schedule(reminder("confirmation").event(at).now()).await.unwrap().id;
    let (report, what) = tokio::join!(scheduler.process_due(10), async {
        asked.notified().await;
        let outcome = scheduler.cancel(id).await.unwrap().unwrap();
        go.notify_one();
        outcome.what
    });
    assert_eq!(what, Cancelling::PendingSending);
    assert_eq!(report.unwrap().cancelled, 1);
    assert_eq!(store.task(id).await.unwrap().unwrap().state, TaskState::Cancelled);
}

/// A newer engine is sending the row; this one cannot read its body.
#[tokio::test]
async fn a_cancel_does_not_promise_silence_about_a_message_that_is_out() {
    let (store, clock, stall) = (MemoryStore::new(), VirtualClock::at(START), Stall::new());
    let mailbox = mailbox().then(Step::transient("451").stalled_by(&stall));
    let scheduler = another(store.clone(), &clock).notifier(mailbox).build().unwrap();
    let id = scheduler.schedule(reminder("confirmation").now()).await.unwrap().id;
    let (_, what) = tokio::join!(scheduler.process_due(10), async {
        stall.reached_by(1).await;
        let task = store.task(id).await.unwrap().unwrap();
        let entropy = Entropy::seeded(9);
        let entry = EntryId::new(clock.now(), &entropy);
        let entry = HistoryEntry::new(entry, id, clock.now(), What::Updated, task.state);
        let mut change = Change::of(&task, entry);
        change.body = Some(TaskBody::from_stored("{\"version\":99}\nunknown".to_owned()));
        store.apply(clock.now(), &[change]).await.unwrap();
        let what = scheduler.cancel(id).await.unwrap().unwrap().what;
        stall.release();
        what
    });
    assert_eq!(what, Cancelling::PendingSending);
    assert_eq!(store.task(id).await.unwrap().unwrap().state, TaskState::Cancelled);
}

/// Who was forgotten and comes back is a customer like any other.
#[tokio::test]
async fn what_a_forgotten_person_books_later_is_not_erased() {
    let (store, clock, stall) = (MemoryStore::new(), VirtualClock::at(START), Stall::new());
    let mailbox = mailbox().then(Step::accept().stalled_by(&stall));
    let scheduler = another(store.clone(), &clock).notifier(mailbox).build().unwrap();
    let person = PersonKey::new("user 5").unwrap();
    let ask = |kind: &str| reminder(kind).person("user 5");
    scheduler.schedule(ask("confirmation").now()).await.unwrap();
    let (report, ()) = tokio::join!(scheduler.process_due(10), async {
        stall.reached_by(1).await;
        scheduler.forget(&person).await.unwrap();
        clock.advance(MINUTE);
        let far = clock.now() + 30 * DAY;
        scheduler.schedule(ask("far").at(far)).await.unwrap();
        stall.release();
    });
    assert_eq!(report.unwrap().sent, 1);
    scheduler.maintain().await.unwrap();
    let id = scheduler.schedule(ask("later").now()).await.unwrap().id;
    assert_eq!(scheduler.run_until_idle().await.unwrap().sent, 1);
    scheduler.maintain().await.unwrap();
    assert_eq!(store.task(id).await.unwrap().map(|task| task.state), Some(TaskState::Sent));
}
