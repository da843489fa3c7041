//! A store that refuses one task, never answers one sort of call, or has a clock of its own.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use puntual::chrono::{DateTime, Utc};
use puntual::store::{
    Change, ClaimRequest, Claimed, Erase, Extension, HistoryQuery, InsertOutcome, MemoryStore,
    NoteStore, Probe, StoreError, StoreErrorKind, StoreResult, StoreStats, StoredEntry, TaskQuery,
    TaskStore, WriteOutcome,
};
use puntual::task::{NewTask, Task, TaskId};
use puntual::testing::{Operation, VirtualClock};

/// A memory store that is bent by a test; clones are the same store.
#[derive(Debug, Clone, Default)]
pub(super) struct Bent {
    pub(super) inner: MemoryStore,
    bend: Arc<Mutex<Bend>>,
}

#[derive(Debug, Default)]
struct Bend {
    refused: Option<TaskId>,
    hangs: Option<Operation>,
    server: Option<VirtualClock>,
    claims: u32,
}

impl Bent {
    /// No change of this task is ever written.
    pub(super) fn refuse(&self, task: TaskId) {
        self.bend.lock().unwrap().refused = Some(task);
    }

    /// Calls of this sort never answer.
    pub(super) fn hang(&self, operation: Operation) {
        self.bend.lock().unwrap().hangs = Some(operation);
    }

    /// The time of the database's server.
    pub(super) fn with_server(self, clock: &VirtualClock) -> Bent {
        self.bend.lock().unwrap().server = Some(clock.clone());
        self
    }

    /// How often something was claimed.
    pub(super) fn claims(&self) -> u32 {
        self.bend.lock().unwrap().claims
    }

    async fn answer(&self, operation: Operation) {
        let hangs = self.bend.lock().unwrap().hangs == Some(operation);
        if hangs {
            std::future::pending::<()>().await;
        }
    }

    fn timed(&self, mut probe: Probe) -> Probe {
        probe.server_time = self.bend.lock().unwrap().server.as_ref().map(VirtualClock::now);
        probe
    }
}

#[async_trait]
impl TaskStore for Bent {
    async fn probe(&self) -> StoreResult<Probe> {
        self.answer(Operation::Probe).await;
        Ok(self.timed(self.inner.probe().await?))
    }

    async fn insert(
        &self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        self.inner.insert(now, tasks).await
    }

    async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> StoreResult<Claimed> {
        self.bend.lock().unwrap().claims += 1;
        let mut claimed = self.inner.claim(now, request).await?;
        claimed.probe = self.timed(claimed.probe);
        Ok(claimed)
    }

    async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>> {
        self.inner.extend(now, extensions).await
    }

    async fn apply(
        &self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        let refused = self.bend.lock().unwrap().refused;
        if changes.iter().any(|change| Some(change.task) == refused) {
            let detail = "a constraint of the database says no";
            return Err(StoreError::new(StoreErrorKind::Permanent, "apply", detail));
        }
        self.inner.apply(now, changes).await
    }

    async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        self.inner.list(query).await
    }

    async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>> {
        self.inner.history(query).await
    }

    async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> StoreResult<u64> {
        self.answer(Operation::Erase).await;
        self.inner.erase(now, what, limit).await
    }

    async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats> {
        self.inner.stats(now).await
    }

    fn notes(&self) -> Option<&dyn NoteStore> {
        self.inner.notes()
    }
}
