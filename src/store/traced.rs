//! One wrapper around every store, so that each call is seen in the same way.

use std::future::Future;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tracing::{Instrument, debug_span, warn};

use super::{
    Change, ClaimRequest, Claimed, Condition, Erase, Extension, HistoryQuery, InsertOutcome,
    NoteStore, Probe, SentCount, SentQuery, StoreResult, StoreStats, StoredEntry, TaskQuery,
    TaskStore, WriteOutcome,
};
use crate::task::{NewTask, Task};

/// A store whose calls are spans `puntual.store` with the fields `operation` and `items`, and whose
/// errors are warnings.
#[derive(Debug)]
pub(crate) struct Traced<S>(pub(crate) S);

async fn traced<T>(
    operation: &'static str,
    items: usize,
    call: impl Future<Output = StoreResult<T>>,
) -> StoreResult<T> {
    let span = debug_span!("puntual.store", operation, items);
    let answer = call.instrument(span).await;
    if let Err(error) = &answer {
        warn!(operation, items, kind = ?error.kind(), %error, "store call failed");
    }
    answer
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: TaskStore> TaskStore for Traced<S> {
    async fn probe(&self) -> StoreResult<Probe> {
        traced("probe", 0, self.0.probe()).await
    }

    async fn insert(
        &self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        traced("insert", tasks.len(), self.0.insert(now, tasks)).await
    }

    async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> StoreResult<Claimed> {
        traced("claim", request.quotas.len(), self.0.claim(now, request)).await
    }

    async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>> {
        traced("extend", extensions.len(), self.0.extend(now, extensions)).await
    }

    async fn apply(
        &self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        traced("apply", changes.len(), self.0.apply(now, changes)).await
    }

    async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        traced("list", query.limit as usize, self.0.list(query)).await
    }

    async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>> {
        traced("history", query.limit as usize, self.0.history(query)).await
    }

    async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> StoreResult<u64> {
        traced("erase", limit as usize, self.0.erase(now, what, limit)).await
    }

    async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats> {
        traced("stats", 0, self.0.stats(now)).await
    }

    fn notes(&self) -> Option<&dyn NoteStore> {
        self.0.notes()
    }

    fn wakeups(&self) -> Option<watch::Receiver<u64>> {
        self.0.wakeups()
    }

    async fn count_sent(
        &self,
        now: DateTime<Utc>,
        query: &SentQuery,
    ) -> StoreResult<Vec<SentCount>> {
        traced("count_sent", query.people.len(), self.0.count_sent(now, query)).await
    }

    async fn condition(&self) -> StoreResult<Condition> {
        traced("condition", 0, self.0.condition()).await
    }
}
