//! A running engine, as its host holds it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::engine::Engine;

/// How long a stop tries to give rows back after its grace: 5 s. Without it they come back when
/// their leases end, and a store that does not answer must not keep a process alive.
const RELEASE_MAX: Duration = Duration::from_secs(5);

/// A running engine. Dropping it stops the engine without waiting: what is under way is given up
/// and comes back when its lease ends. To stop in good order, call [`SchedulerHandle::shutdown`].
#[derive(Debug)]
pub struct SchedulerHandle {
    engine: Arc<Engine>,
    worker: JoinHandle<()>,
    shutdown: CancellationToken,
    abandon: DropGuard,
    _stop: DropGuard,
}

impl SchedulerHandle {
    pub(super) fn start(engine: Arc<Engine>) -> SchedulerHandle {
        let (shutdown, abandon) = (CancellationToken::new(), CancellationToken::new());
        let worker = super::worker::run(engine.clone(), shutdown.clone(), abandon.clone());
        SchedulerHandle {
            engine,
            worker: tokio::spawn(worker),
            _stop: shutdown.clone().drop_guard(),
            shutdown,
            abandon: abandon.drop_guard(),
        }
    }

    /// Lets the engine look at once: after a transaction with a reminder that is due now.
    pub fn wake(&self) {
        self.engine.wake.notify_one();
    }

    /// Stops: claims nothing more, waits at most `grace` for what is under way, and gives back
    /// what was not handed off, for 5 s at most where the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// A dropped call stops the engine as dropping the handle does.
    pub async fn shutdown(mut self, grace: Duration) {
        self.shutdown.cancel();
        let clock = self.engine.clock.clone();
        tokio::select! {
            biased;
            _ = &mut self.worker => return,
            () = clock.sleep(grace) => {}
        }
        drop(self.abandon);
        // What is left ends at its next await; a task that never awaits is its notifier's fault.
        let _ = self.worker.await;
        tokio::select! {
            biased;
            () = self.engine.release_all() => {}
            () = clock.sleep(RELEASE_MAX) => {}
        }
    }
}

impl Engine {
    /// Gives back every row that this engine still holds and that was not handed off.
    pub(crate) async fn release_all(self: &Arc<Self>) {
        use crate::store::{TaskFilter, TaskQuery};
        use crate::task::TaskState;
        for group in self.leases.not_passed().chunks(500) {
            let ids = group.iter().copied();
            let Ok(tasks) = self.store.list(&TaskQuery::new(TaskFilter::ids(ids), 500)).await
            else {
                return;
            };
            for task in tasks {
                let Some(lease) = task.lease else { continue };
                let ours = self.leases.until(task.id, lease.claim).is_some();
                if ours && task.state == TaskState::Scheduled {
                    self.give_back(lease.claim, vec![task]).await;
                }
            }
        }
    }
}
