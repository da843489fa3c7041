//! Outcomes that the store does not take: they harm nobody else's.

use puntual::store::TaskStoreExt;
use puntual::task::TaskState;
use puntual::testing::VirtualClock;
use puntual::{Reminder, Reminders};

use super::another;
use super::bent::Bent;
use crate::engine::{START, mailbox};
use crate::scenarios::{MINUTE, booking, jane};

#[tokio::test]
async fn an_outcome_that_is_refused_for_good_holds_up_no_other() {
    let (store, clock) = (Bent::default(), VirtualClock::at(START));
    let scheduler = another(store.clone(), &clock).notifier(mailbox()).build().unwrap();
    let handle = scheduler.start();
    let ask =
        |id| Reminder::new("k", &booking(id), jane()).person(format!("user {id}")).text("..").now();
    let due = clock.now() + MINUTE;
    let refused = Reminder::new("k", &booking(1), jane()).text("..").at(due);
    store.refuse(scheduler.schedule(refused).await.unwrap().id);
    clock.run_for(2 * MINUTE).await;
    let other = scheduler.schedule(ask(2)).await.unwrap().id;
    clock.run_for(MINUTE).await;
    assert_eq!(store.task(other).await.unwrap().unwrap().state, TaskState::Sent);
    drop(handle);
}
