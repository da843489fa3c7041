//! A stop ends, whatever the store does.

use std::time::Duration;

use puntual::Reminders;
use puntual::scheduler::SchedulerHandle;
use puntual::store::{MemoryStore, StoreErrorKind};
use puntual::testing::{Fault, FaultyStore, Operation, Step, VirtualClock};

use super::another;
use super::bent::Bent;
use crate::engine::{START, mailbox};
use crate::scenarios::{MINUTE, reminder};

async fn stops(handle: SchedulerHandle, clock: &VirtualClock) -> bool {
    let stop = tokio::spawn(handle.shutdown(Duration::from_secs(5)));
    clock.run_for(MINUTE).await;
    stop.is_finished()
}

#[tokio::test]
async fn a_stop_ends_though_nothing_can_be_given_back() {
    let (store, clock) = (FaultyStore::new(MemoryStore::new()), VirtualClock::at(START));
    let hangs = mailbox().then(Step::hang().before_gate());
    let scheduler = another(store.clone(), &clock).notifier(hangs).build().unwrap();
    let handle = scheduler.start();
    scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    clock.settle().await;
    store.inject(Operation::Apply, Fault::before(StoreErrorKind::Transient).from_now_on());
    assert!(stops(handle, &clock).await);
}

#[tokio::test]
async fn a_stop_ends_though_the_store_never_answers() {
    for operation in [Operation::Probe, Operation::Erase] {
        let (store, clock) = (Bent::default(), VirtualClock::at(START));
        store.hang(operation);
        let scheduler = another(store, &clock).notifier(mailbox()).build().unwrap();
        let handle = scheduler.start();
        clock.settle().await;
        assert!(stops(handle, &clock).await, "{operation:?}");
    }
}
