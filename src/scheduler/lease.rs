//! The leases that this engine holds, timed by the monotonic clock from before their claim.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::store::{Extension, WriteOutcome};
use crate::task::{ClaimId, TaskId};

/// The rows that this engine may work on, and until when.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: Mutex<HashMap<TaskId, Held>>,
    /// Told when there is one where there was none.
    first: Notify,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    claim: ClaimId,
    /// On the monotonic clock.
    until: Duration,
}

impl Leases {
    /// Notes a row that was claimed; `until` is counted from before the claim.
    pub(crate) fn hold(&self, task: TaskId, claim: ClaimId, until: Duration) {
        let mut held = self.lock();
        if held.is_empty() {
            self.first.notify_one();
        }
        held.insert(task, Held { claim, until });
    }

    /// Waits until there is a lease to renew.
    pub(crate) async fn any(&self) {
        while self.lock().is_empty() {
            self.first.notified().await;
        }
    }

    /// Forgets a row whose outcome is recorded, or that somebody else has.
    pub(crate) fn release(&self, task: TaskId, claim: ClaimId) {
        let mut held = self.lock();
        if held.get(&task).is_some_and(|held| held.claim == claim) {
            held.remove(&task);
        }
    }

    /// Until when, on the monotonic clock, this claim holds the row; `None` if it is lost.
    pub(crate) fn until(&self, task: TaskId, claim: ClaimId) -> Option<Duration> {
        let held = self.lock().get(&task).copied();
        held.filter(|held| held.claim == claim).map(|held| held.until)
    }

    /// Notes that the lease was lengthened.
    pub(crate) fn lengthen(&self, task: TaskId, claim: ClaimId, until: Duration) {
        if let Some(held) = self.lock().get_mut(&task).filter(|held| held.claim == claim) {
            held.until = held.until.max(until);
        }
    }

    /// What to ask of the store so that every lease lasts until then.
    pub(crate) fn extensions(&self, until: DateTime<Utc>) -> Vec<Extension> {
        let held = self.lock();
        let mut all: Vec<Extension> =
            held.iter().map(|(task, held)| Extension::new(*task, held.claim, until)).collect();
        all.sort_unstable_by_key(|extension| extension.task);
        all
    }

    /// Takes note of what the store answered.
    pub(crate) fn renewed(&self, asked: &[Extension], answers: &[WriteOutcome], until: Duration) {
        for (asked, answer) in asked.iter().zip(answers) {
            match answer {
                WriteOutcome::Written(_) => self.lengthen(asked.task, asked.claim, until),
                WriteOutcome::Stale | WriteOutcome::Missing | WriteOutcome::Rejected(_) => {
                    self.release(asked.task, asked.claim);
                }
                WriteOutcome::Busy => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TaskId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
