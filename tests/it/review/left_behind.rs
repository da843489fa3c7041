//! What an engine takes and then lets go of: it must come back, and say what became of it.

use std::time::Duration;

use async_trait::async_trait;
use puntual::Reminders;
use puntual::notify::{Attempt, Notification, Notifier, NotifyError, OnUncertain, Receipt};
use puntual::store::{MemoryStore, TaskStoreExt};
use puntual::task::{Channel, TaskState, What};
use puntual::testing::{Step, VirtualClock};

use super::another;
use crate::engine::{Running, START, mailbox};
use crate::scenarios::{HOUR, MINUTE, reminder};

#[tokio::test]
async fn what_a_dropped_round_had_claimed_comes_back_though_its_engine_goes_on() {
    let running = Running::new(mailbox().then(Step::hang().before_gate()));
    running.scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    tokio::select! {
        biased;
        report = running.scheduler.process_due(10) => panic!("it hangs: {report:?}"),
        () = running.clock.settle() => {}
    }
    let handle = running.scheduler.start();
    running.clock.run_for(MINUTE).await;
    assert_eq!(running.mailbox.accepted().len(), 1);
    handle.shutdown(MINUTE).await;
}

#[tokio::test]
async fn what_a_dropped_run_had_claimed_is_taken_up_by_another_engine() {
    let running = Running::new(mailbox().then(Step::hang().before_gate()));
    running.scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    tokio::select! {
        biased;
        () = running.scheduler.run_until(std::future::pending()) => panic!("nobody stopped it"),
        () = running.clock.settle() => {}
    }
    running.clock.run_for(Duration::from_secs(40)).await;
    let other = another(running.store.clone(), &running.clock)
        .notifier(running.mailbox.clone())
        .build()
        .unwrap();
    assert_eq!(other.run_until_idle().await.unwrap().sent, 1);
}

/// Where hand-offs are not marked, a stop must not hide that bytes may have left.
#[tokio::test]
async fn a_stop_does_not_give_back_what_may_have_been_sent() {
    let running = Running::new(mailbox().with_marks_hand_off(false).then(Step::hang()));
    let handle = running.scheduler.start();
    let id = running.scheduler.schedule(reminder("confirmation").now()).await.unwrap().id;
    running.clock.settle().await;
    let stop = tokio::spawn(handle.shutdown(Duration::from_secs(5)));
    running.clock.run_for(Duration::from_secs(20)).await;
    stop.await.unwrap();
    running.clock.advance(HOUR);
    running.scheduler.run_until_idle().await.unwrap();
    running.clock.advance(HOUR);
    running.scheduler.run_until_idle().await.unwrap();
    let history = running.store.history_of(id).await.unwrap();
    let story: Vec<What> = history.iter().map(|stored| stored.entry.what).collect();
    assert_eq!(story, [What::Scheduled, What::Uncertain, What::Sent]);
}

/// An engine of another environment must not launder a message that may have been sent.
#[tokio::test]
async fn a_sealed_engine_leaves_abandoned_messages_as_they_are() {
    let (store, clock) = (MemoryStore::new(), VirtualClock::at(START));
    let engine = |mailbox| another(store.clone(), &clock).notifier(mailbox);
    let killed = engine(mailbox().then(Step::hang())).build().unwrap();
    let handle = killed.start();
    let id = killed.schedule(reminder("confirmation").now()).await.unwrap().id;
    clock.settle().await;
    drop(handle);
    clock.settle().await;
    assert_eq!(store.task(id).await.unwrap().unwrap().state, TaskState::Sending);

    let sealed = engine(mailbox()).environment("staging").build().unwrap();
    let sealed_runs = sealed.start();
    clock.settle().await;
    let adopting = engine(mailbox()).environment("production").build().unwrap();
    adopting.adopt().await.unwrap();
    clock.run_for(MINUTE).await;
    let left = store.task(id).await.unwrap().unwrap();
    assert_eq!((left.state, left.unfinished_claims), (TaskState::Sending, 2), "it was claimed");

    let runs = adopting.start();
    clock.run_for(MINUTE).await;
    let history = store.history_of(id).await.unwrap();
    assert_eq!(history[1].entry.what, What::Uncertain, "{history:?}");
    sealed_runs.shutdown(MINUTE).await;
    runs.shutdown(MINUTE).await;
}

/// Takes for ever, and panics when it is given up.
#[derive(Debug)]
struct Sore;

struct Panics;

impl Drop for Panics {
    fn drop(&mut self) {
        panic!("a bug of the host");
    }
}

#[async_trait]
impl Notifier for Sore {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Hold
    }

    async fn notify(&self, _: &Attempt, _: &Notification) -> Result<Receipt, NotifyError> {
        let _panics = Panics;
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_panic_while_an_attempt_is_given_up_is_a_failed_attempt() {
    let (store, clock) = (MemoryStore::new(), VirtualClock::at(START));
    let scheduler = another(store.clone(), &clock).notifier(Sore).build().unwrap();
    let handle = scheduler.start();
    let id = scheduler.schedule(reminder("confirmation").now()).await.unwrap().id;
    clock.run_for(10 * MINUTE).await;
    let history = store.history_of(id).await.unwrap();
    assert_eq!(history.last().unwrap().entry.what, What::Retried);
    assert_eq!(store.task(id).await.unwrap().unwrap().lease, None);
    drop(handle);
}
