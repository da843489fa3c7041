//! An engine whose notifier does nothing, and what it did in which time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use puntual::Scheduler;
use puntual::notify::{Attempt, Notification, Notifier, NotifyError, OnUncertain, Receipt};
use puntual::scheduler::Outcome;
use puntual::store::TaskStore;
use puntual::task::{Channel, TaskState};
use puntual::time::{Clock, SystemClock};
use tokio::sync::Notify;

use super::Result;

/// Passes the gate and accepts, at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Silent {
    pub(crate) marks_hand_off: bool,
}

#[async_trait]
impl Notifier for Silent {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Hold
    }

    fn concurrency(&self) -> usize {
        500
    }

    fn marks_hand_off(&self) -> bool {
        self.marks_hand_off
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        _notification: &Notification,
    ) -> std::result::Result<Receipt, NotifyError> {
        Ok(attempt.hand_off().await?.accepted("250 ok"))
    }
}

/// An engine that is not started, to ask things of.
pub(crate) fn idle(store: impl TaskStore) -> Result<Scheduler> {
    Ok(Scheduler::builder(store).notifier(Silent { marks_hand_off: false }).build()?)
}

/// How many outcomes are still to be recorded, by all engines that share it.
#[derive(Debug, Clone)]
pub(crate) struct Left(Arc<(AtomicU64, Notify)>);

impl Left {
    pub(crate) fn new(count: u64) -> Left {
        Left(Arc::new((AtomicU64::new(count), Notify::new())))
    }

    fn one_less(&self) {
        if self.0.0.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.1.notify_waiters();
        }
    }

    /// Waits until none is left.
    pub(crate) async fn none(&self) {
        loop {
            let notified = self.0.1.notified();
            if self.0.0.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }
}

/// Starts an engine with default settings and says how long it takes until so many outcomes are
/// recorded.
pub(crate) async fn drain(store: impl TaskStore, count: u64, marks: bool) -> Result<Duration> {
    drain_until(store, &Left::new(count), marks).await
}

/// The same for engines that share the work.
pub(crate) async fn drain_until(
    store: impl TaskStore,
    left: &Left,
    marks: bool,
) -> Result<Duration> {
    let ear = {
        let left = left.clone();
        move |outcome: &Outcome| {
            if outcome.state == TaskState::Sent {
                left.one_less();
            }
        }
    };
    let notifier = Silent { marks_hand_off: marks };
    let scheduler = Scheduler::builder(store).notifier(notifier).on_outcome(ear).build()?;
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    let running = scheduler.start();
    left.none().await;
    let took = clock.monotonic().saturating_sub(begun);
    running.shutdown(Duration::from_secs(10)).await;
    Ok(took)
}
