//! Clocks that jump: the engine would rather wait than send next week today.

use std::time::Duration;

use puntual::Reminders;
use puntual::chrono::TimeDelta;

use super::{Running, mailbox};
use crate::scenarios::{DAY, MINUTE, reminder};

#[tokio::test]
async fn a_clock_that_jumps_forward_and_back_sends_nothing_early() {
    let running = Running::new(mailbox());
    let handle = running.scheduler.start();
    let due = running.clock.now() + 3 * DAY;
    running.scheduler.schedule(reminder("reminder").at(due)).await.unwrap();
    running.clock.run_for(MINUTE).await;
    running.clock.step_wall(TimeDelta::days(4));
    running.clock.settle().await;
    assert!(running.mailbox.journal().is_empty(), "it was not believed at once");
    running.clock.step_wall(TimeDelta::days(-4));
    running.clock.run_for(10 * MINUTE).await;
    assert!(running.mailbox.journal().is_empty());
    running.clock.run_to(due).await;
    assert_eq!(running.mailbox.accepted().len(), 1, "and it goes on when the clocks agree");
    handle.shutdown(MINUTE).await;
}

#[tokio::test]
async fn a_clock_that_was_set_right_is_believed_after_two_looks() {
    let running = Running::new(mailbox());
    let handle = running.scheduler.start();
    let due = running.clock.now() + 3 * DAY;
    running.scheduler.schedule(reminder("reminder").at(due)).await.unwrap();
    running.clock.run_for(MINUTE).await;
    running.clock.step_wall(TimeDelta::days(3));
    running.clock.settle().await;
    assert!(running.mailbox.journal().is_empty());
    running.clock.run_for(Duration::from_secs(16)).await;
    assert_eq!(running.mailbox.accepted().len(), 1);
    handle.shutdown(MINUTE).await;
}

#[tokio::test]
async fn small_corrections_of_the_clock_change_nothing() {
    let running = Running::new(mailbox());
    let handle = running.scheduler.start();
    let due = running.clock.now() + DAY;
    running.scheduler.schedule(reminder("reminder").at(due)).await.unwrap();
    for _ in 0..20 {
        running.clock.run_for(MINUTE).await;
        running.clock.step_wall(TimeDelta::milliseconds(400));
        running.clock.run_for(MINUTE).await;
        running.clock.step_wall(TimeDelta::milliseconds(-400));
    }
    running.clock.run_to(due).await;
    let accepted = running.mailbox.accepted();
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0].at, due);
    handle.shutdown(MINUTE).await;
}
