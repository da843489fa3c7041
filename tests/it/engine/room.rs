//! Room that comes back while a claim is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use puntual::Reminders;
use puntual::store::{
    Change, ClaimRequest, Claimed, Erase, Extension, HistoryQuery, InsertOutcome, MemoryStore,
    NoteStore, Probe, StoreResult, StoreStats, StoredEntry, TaskQuery, TaskStore, WriteOutcome,
};
use puntual::task::{EmailAddress, NewTask, Priority, Subject, Task};
use puntual::testing::{Stall, Step};
use tokio::sync::{Semaphore, watch};

use super::{Running, mailbox};
use crate::scenarios::MINUTE;

/// A memory store whose claims without a quota for high priority wait until they are let through.
#[derive(Debug, Clone)]
struct SlowClaims {
    store: MemoryStore,
    open: Arc<Semaphore>,
    came: Arc<AtomicUsize>,
}

impl SlowClaims {
    fn over(store: MemoryStore) -> SlowClaims {
        SlowClaims { store, open: Arc::new(Semaphore::new(0)), came: Arc::default() }
    }
}

#[tokio::test]
async fn room_that_comes_back_during_a_claim_is_used_without_waiting_for_the_poll() {
    let stall = Stall::new();
    let script = mailbox().with_concurrency(1).then(Step::accept().stalled_by(&stall));
    let store = MemoryStore::new();
    let slow = SlowClaims::over(store.clone());
    let running = Running::over(Arc::new(slow.clone()), store, script);
    for booking in 1..=3 {
        let to: EmailAddress = "jane@example.com".parse().unwrap();
        let about = Subject::new("booking", booking);
        let confirmation = puntual::Reminder::new("confirmation", &about, to);
        running.scheduler.schedule(confirmation.text("You are booked.").now()).await.unwrap();
    }
    let handle = running.scheduler.start();
    stall.reached_by(1).await;
    running.clock.settle().await;
    assert_eq!(
        slow.came.load(Ordering::Relaxed),
        1,
        "two rows fill the channel; the claim is for the others only"
    );
    stall.release();
    running.clock.settle().await;
    assert_eq!(running.mailbox.accepted().len(), 2);
    slow.open.close();
    running.clock.settle().await;
    assert_eq!(running.mailbox.accepted().len(), 3, "no time had to pass");
    handle.shutdown(MINUTE).await;
}

#[async_trait]
impl TaskStore for SlowClaims {
    async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> StoreResult<Claimed> {
        if request.quotas.iter().all(|quota| quota.priority == Priority::Normal) {
            self.came.fetch_add(1, Ordering::Relaxed);
            // Closed means open for good: there is no permit to wait for any more.
            let _ = self.open.acquire().await;
        }
        self.store.claim(now, request).await
    }

    async fn probe(&self) -> StoreResult<Probe> {
        self.store.probe().await
    }

    async fn insert(
        &self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        self.store.insert(now, tasks).await
    }

    async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>> {
        self.store.extend(now, extensions).await
    }

    async fn apply(
        &self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        self.store.apply(now, changes).await
    }

    async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        self.store.list(query).await
    }

    async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>> {
        self.store.history(query).await
    }

    async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> StoreResult<u64> {
        self.store.erase(now, what, limit).await
    }

    async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats> {
        self.store.stats(now).await
    }

    fn notes(&self) -> Option<&dyn NoteStore> {
        self.store.notes()
    }

    fn wakeups(&self) -> Option<watch::Receiver<u64>> {
        self.store.wakeups()
    }
}
