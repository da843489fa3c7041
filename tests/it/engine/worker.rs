//! The running loop: on time, quiet when there is nothing, and stopped in good order.

use std::time::Duration;

use puntual::Reminders;
use puntual::store::{TaskFilter, TaskStoreExt};
use puntual::task::{TaskState, What};
use puntual::testing::{Stall, Step};

use super::{Running, mailbox};
use crate::scenarios::{DAY, HOUR, MINUTE, civil, instant, reminder};

#[tokio::test]
async fn a_started_engine_sends_at_the_very_instant_and_sleeps_in_between() {
    let running = Running::new(mailbox());
    let handle = running.scheduler.start();
    let at = civil("2026-07-02T15:00", "Europe/Berlin");
    running.scheduler.schedule(reminder("reminder").event(at).before(DAY)).await.unwrap();
    running.clock.run_to("2026-07-01T12:59:59.999999Z").await;
    assert!(running.mailbox.journal().is_empty());
    running.clock.run_to("2026-07-01T13:00:00Z").await;
    let accepted = running.mailbox.accepted();
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0].at, instant("2026-07-01T13:00:00Z"));
    handle.shutdown(MINUTE).await;
}

#[tokio::test]
async fn a_reminder_that_is_due_now_wakes_the_sleeping_engine() {
    let running = Running::new(mailbox());
    let handle = running.scheduler.start();
    running.clock.run_for(10 * MINUTE).await;
    running.scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    running.clock.settle().await;
    assert_eq!(running.mailbox.accepted().len(), 1, "no time had to pass");
    handle.shutdown(MINUTE).await;
}

#[tokio::test]
async fn a_long_attempt_is_renewed_and_nobody_else_takes_it() {
    let stall = Stall::new();
    let running = Running::new(mailbox().then(Step::accept().stalled_by(&stall)));
    let handle = running.scheduler.start();
    let other =
        Running::over(std::sync::Arc::new(running.store.clone()), running.store.clone(), mailbox());
    running.scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    stall.reached_by(1).await;
    for _ in 0..9 {
        running.clock.run_for(MINUTE).await;
        other.clock.advance(MINUTE);
        assert_eq!(other.scheduler.process_due(10).await.unwrap().claimed, 0);
    }
    stall.release();
    running.clock.settle().await;
    assert_eq!(running.mailbox.accepted().len(), 1);
    handle.shutdown(MINUTE).await;
}

#[tokio::test]
async fn a_stop_waits_for_what_is_under_way() {
    let stall = Stall::new();
    let running = Running::new(mailbox().then(Step::accept().stalled_by(&stall)));
    let handle = running.scheduler.start();
    running.scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    stall.reached_by(1).await;
    let stop = tokio::spawn(handle.shutdown(HOUR));
    running.clock.settle().await;
    assert!(!stop.is_finished());
    stall.release();
    stop.await.unwrap();
    let all = running.store.all(TaskFilter::default()).await.unwrap();
    assert_eq!(all[0].state, TaskState::Sent);
}

#[tokio::test]
async fn a_stop_gives_back_what_was_not_handed_off_when_its_grace_is_over() {
    let hangs = Step::hang().before_gate();
    let running = Running::new(mailbox().then(hangs));
    let handle = running.scheduler.start();
    let outcome = running.scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    running.clock.settle().await;
    let stop = tokio::spawn(handle.shutdown(Duration::from_secs(5)));
    running.clock.run_for(Duration::from_secs(5)).await;
    stop.await.unwrap();
    let task = running.store.task(outcome.id).await.unwrap().unwrap();
    assert_eq!((task.state, task.lease, task.attempts), (TaskState::Scheduled, None, 0));
    let history = running.store.history_of(outcome.id).await.unwrap();
    assert_eq!(history.last().unwrap().entry.what, What::Released);
    let report = running.scheduler.run_until_idle().await.unwrap();
    assert_eq!(report.sent, 1, "another worker sends it at once");
}

#[tokio::test]
async fn a_dropped_handle_stops_the_engine() {
    let running = Running::new(mailbox());
    drop(running.scheduler.start());
    running.clock.settle().await;
    running.scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    running.clock.run_for(HOUR).await;
    assert!(running.mailbox.journal().is_empty());
}

#[tokio::test]
async fn run_until_ends_with_its_shutdown_and_has_sent_what_was_due() {
    let running = Running::new(mailbox());
    running.scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    let clock = running.clock.clone();
    running.scheduler.run_until(async move { clock.settle().await }).await;
    assert_eq!(running.mailbox.accepted().len(), 1);
}

#[tokio::test]
async fn an_attempt_that_takes_for_ever_ends_at_its_limit() {
    let running = Running::new(mailbox().then(Step::hang().before_gate()).then(Step::hang()));
    let handle = running.scheduler.start();
    let first = running.scheduler.schedule(reminder("before").now()).await.unwrap();
    running.clock.run_for(9 * MINUTE).await;
    let second = running.scheduler.schedule(reminder("after").now()).await.unwrap();
    running.clock.run_for(11 * MINUTE).await;
    let what = async |id| running.store.history_of(id).await.unwrap()[1].entry.what;
    assert_eq!(what(first.id).await, What::Retried, "before the gate it is a failure");
    assert_eq!(what(second.id).await, What::Uncertain, "after it, nobody can know");
    handle.shutdown(MINUTE).await;
}
