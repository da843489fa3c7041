//! Cancelling in the middle of things.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use puntual::Reminders;
use puntual::notify::{Attempt, Notification, Notifier, NotifyError, OnUncertain, Receipt};
use puntual::scheduler::{Cancelling, Scheduling};
use puntual::task::{Channel, TaskState, What};
use tokio::sync::Notify;

use super::{Backend, DAY, Desk, booking, civil, each_store, engine, reminder};

each_store!(
    cancelled_while_the_server_stalls_and_then_it_fails,
    cancelled_while_the_server_stalls_and_then_it_accepts,
    cancelled_before_the_gate_nothing_leaves,
    moved_while_the_server_stalls_the_new_time_follows,
    where_the_hand_off_is_not_marked_a_claimed_task_counts_as_handed_off,
);

/// Stalls before or after the gate until it is told to go on.
#[derive(Debug)]
struct Stalling {
    at_gate: bool,
    marks: bool,
    fails: bool,
    reached: Notify,
    go: Notify,
}

impl Stalling {
    fn new(at_gate: bool, marks: bool, fails: bool) -> Arc<Stalling> {
        Arc::new(Stalling { at_gate, marks, fails, reached: Notify::new(), go: Notify::new() })
    }

    async fn stall(&self) {
        self.reached.notify_one();
        self.go.notified().await;
    }
}

#[async_trait]
impl Notifier for Stalling {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Resend { after: Duration::from_secs(900) }
    }

    fn marks_hand_off(&self) -> bool {
        self.marks
    }

    async fn notify(&self, attempt: &Attempt, _: &Notification) -> Result<Receipt, NotifyError> {
        if self.at_gate {
            self.stall().await;
        }
        let handed_off = attempt.hand_off().await?;
        if !self.at_gate {
            self.stall().await;
        }
        match self.fails {
            true => Err(NotifyError::transient("451", "try later")),
            false => Ok(handed_off.accepted("250 queued")),
        }
    }
}

/// A desk whose e-mail stalls, with one due reminder and one for later.
async fn stalled(backend: &impl Backend, notifier: Arc<Stalling>) -> (Desk, puntual::task::TaskId) {
    let desk = Desk::at(backend, "2026-07-01T00:00:00Z");
    let scheduler = engine(&desk.store, &desk.clock, 4).notifier(notifier).build().unwrap();
    let desk = Desk { scheduler, ..desk };
    let at = || civil("2026-07-10T15:00", "UTC");
    let (_, id) = desk.schedule(reminder("confirmation").event(at()).now()).await;
    desk.schedule(reminder("reminder").event(at()).before(DAY)).await;
    (desk, id)
}

/// Scenario 6.
async fn cancelled_while_the_server_stalls_and_then_it_fails(backend: impl Backend) {
    let notifier = Stalling::new(false, true, true);
    let (desk, id) = stalled(&backend, notifier.clone()).await;
    let (report, outcomes) = tokio::join!(desk.scheduler.process_due(10), async {
        notifier.reached.notified().await;
        let outcomes = desk.scheduler.cancel_subject(&booking(1)).await.unwrap();
        notifier.go.notify_one();
        outcomes
    });
    for outcome in &outcomes {
        let sending = outcome.id == id;
        let expected = if sending { Cancelling::PendingSending } else { Cancelling::Cancelled };
        assert_eq!(outcome.what, expected);
    }
    assert_eq!(outcomes.len(), 2, "both, by one call");
    assert_eq!(report.unwrap().cancelled, 1);
    assert_eq!(desk.task(id).await.state, TaskState::Cancelled, "not tried again");
    assert_eq!(desk.story(id).await, [What::Scheduled, What::CancelRequested, What::Cancelled]);
    assert_eq!(desk.pass(30 * DAY).await, 0);
}

async fn cancelled_while_the_server_stalls_and_then_it_accepts(backend: impl Backend) {
    let notifier = Stalling::new(false, true, false);
    let (desk, id) = stalled(&backend, notifier.clone()).await;
    let (report, ()) = tokio::join!(desk.scheduler.process_due(10), async {
        notifier.reached.notified().await;
        desk.scheduler.cancel(id).await.unwrap();
        notifier.go.notify_one();
    });
    assert_eq!(report.unwrap().sent, 1, "it was out already, and the history says so");
    assert_eq!(desk.story(id).await, [What::Scheduled, What::CancelRequested, What::Sent]);
}

async fn cancelled_before_the_gate_nothing_leaves(backend: impl Backend) {
    let notifier = Stalling::new(true, true, false);
    let (desk, id) = stalled(&backend, notifier.clone()).await;
    let (report, what) = tokio::join!(desk.scheduler.process_due(10), async {
        notifier.reached.notified().await;
        let outcome = desk.scheduler.cancel(id).await.unwrap().unwrap();
        notifier.go.notify_one();
        outcome.what
    });
    assert_eq!(what, Cancelling::Cancelled);
    let report = report.unwrap();
    assert_eq!((report.sent, report.lost), (0, 1), "the gate stayed closed: {report:?}");
    assert_eq!(desk.task(id).await.state, TaskState::Cancelled);
    let again = desk.scheduler.cancel(id).await.unwrap().unwrap();
    assert_eq!(again.what, Cancelling::AlreadyFinished);
}

async fn moved_while_the_server_stalls_the_new_time_follows(backend: impl Backend) {
    let notifier = Stalling::new(false, true, false);
    let desk = Desk::at(&backend, "2026-07-09T15:00:00Z");
    let scheduler = engine(&desk.store, &desk.clock, 4).notifier(notifier.clone()).build().unwrap();
    let desk = Desk { scheduler, ..desk };
    let at = civil("2026-07-10T15:00", "UTC");
    let (_, id) = desk.schedule(reminder("reminder").event(at).before(DAY)).await;
    let (report, moved) = tokio::join!(desk.scheduler.process_due(10), async {
        notifier.reached.notified().await;
        let later = civil("2026-07-12T15:00", "UTC");
        let moved = desk.scheduler.move_subject(&booking(1), later).await.unwrap();
        notifier.go.notify_one();
        moved
    });
    assert_eq!(moved[0].what, Scheduling::MovedInFlight);
    assert_eq!(report.unwrap().deferred, 1, "the late result is noted, the task waits");
    assert_eq!(desk.story(id).await, [What::Scheduled, What::Moved, What::LateResult]);
    let task = desk.task(id).await;
    assert_eq!((task.state, task.wake_at), (TaskState::Scheduled, Some(task.due_at)));
    desk.clock.advance_to(task.due_at);
    let (report, ()) = tokio::join!(desk.scheduler.process_due(10), async {
        notifier.reached.notified().await;
        notifier.go.notify_one();
    });
    assert_eq!(report.unwrap().sent, 1);
}

async fn where_the_hand_off_is_not_marked_a_claimed_task_counts_as_handed_off(
    backend: impl Backend,
) {
    let notifier = Stalling::new(true, false, true);
    let (desk, id) = stalled(&backend, notifier.clone()).await;
    let (report, what) = tokio::join!(desk.scheduler.process_due(10), async {
        notifier.reached.notified().await;
        let outcome = desk.scheduler.cancel(id).await.unwrap().unwrap();
        notifier.go.notify_one();
        outcome.what
    });
    assert_eq!(what, Cancelling::PendingSending);
    assert_eq!(report.unwrap().cancelled, 1);
    assert_eq!(desk.story(id).await, [What::Scheduled, What::CancelRequested, What::Cancelled]);
}
