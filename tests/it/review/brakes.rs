//! Pauses and breakers: heard of by everybody, and over as soon as they can be.

use std::time::Duration;

use puntual::scheduler::Paused;
use puntual::task::{Channel, Kind};
use puntual::testing::Step;
use puntual::{Reminder, Reminders};

use super::another;
use crate::engine::{Running, mailbox};
use crate::scenarios::{MINUTE, booking, jane, reminder};

#[tokio::test]
async fn a_pause_by_one_engine_holds_for_every_engine() {
    let kind = Kind::new("confirmation").unwrap();
    for what in [Paused::Channel(Channel::EMAIL), Paused::Kind(kind)] {
        let running = Running::new(mailbox());
        let handle = running.scheduler.start();
        running.clock.run_for(10 * MINUTE).await;
        let other =
            another(running.store.clone(), &running.clock).notifier(mailbox()).build().unwrap();
        other.pause(what.clone()).await.unwrap();
        other.schedule(reminder("confirmation").now()).await.unwrap();
        running.clock.run_for(10 * MINUTE).await;
        assert!(running.mailbox.journal().is_empty(), "{what:?}");
        other.resume(&what).await.unwrap();
        running.clock.run_for(10 * MINUTE).await;
        assert_eq!(running.mailbox.accepted().len(), 1, "{what:?}");
        handle.shutdown(MINUTE).await;
    }
}

#[tokio::test]
async fn a_channel_is_tried_when_its_breaker_says_so_and_then_serves_everything() {
    let running = Running::new(mailbox().otherwise(Step::channel_down("535")));
    let handle = running.scheduler.start();
    let ask =
        |id| Reminder::new("k", &booking(id), jane()).person(format!("user {id}")).text("..").now();
    running.scheduler.schedule_all((0..100).map(ask).collect()).await.unwrap();
    running.clock.run_for(Duration::from_secs(1)).await;
    running.mailbox.set_otherwise(Step::accept());
    running.clock.run_for(Duration::from_secs(31)).await;
    assert_eq!(running.mailbox.accepted().len(), 100);
    handle.shutdown(MINUTE).await;
}
