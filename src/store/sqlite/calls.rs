//! The calls of the contract: writes go to the writer, reads to the pool.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use tokio::sync::{oneshot, watch};

use super::encode::{ApplyItem, ExtendItem, InsertItem};
use super::erase::{self, Erasure};
use super::error::{Sql, fault, gone};
use super::turn::{Ask, Job};
use super::{SqliteStore, claim, notes, query};
use crate::store::check::check_batch;
use crate::store::{
    Change, ClaimRequest, Claimed, Erase, Extension, HistoryQuery, InsertOutcome, Note, NoteStore,
    NoteWrite, Probe, SentCount, SentQuery, StoreResult, StoreStats, StoredEntry, TaskQuery,
    TaskStore, WriteOutcome,
};
use crate::task::{NewTask, Task};

#[async_trait]
impl TaskStore for SqliteStore {
    async fn probe(&self) -> StoreResult<Probe> {
        let identity = self.shared.identity.clone();
        self.read("probe", |connection| {
            Box::pin(async move { claim::probe(connection, &identity).await })
        })
        .await
    }

    async fn insert(
        &self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        check_batch(tasks)?;
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        let items = tasks.iter().map(|task| InsertItem::new(now, task)).collect();
        self.write("insert", Job::Insert, items).await
    }

    async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> StoreResult<Claimed> {
        self.write("claim", Job::Claim, (now, request.clone())).await
    }

    async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>> {
        if extensions.is_empty() {
            return Ok(Vec::new());
        }
        let items = extensions.iter().map(|extension| ExtendItem::new(now, extension)).collect();
        self.write("extend", Job::Extend, items).await
    }

    async fn apply(
        &self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let items = changes.iter().map(|change| ApplyItem::new(now, change)).collect();
        self.write("apply", Job::Apply, items).await
    }

    async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        let query = query.clone();
        self.read("list", |connection| {
            Box::pin(async move { query::list(connection, &query).await })
        })
        .await
    }

    async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>> {
        let query = query.clone();
        self.read("history", |connection| {
            Box::pin(async move { query::history(connection, &query).await })
        })
        .await
    }

    async fn count_sent(
        &self,
        now: DateTime<Utc>,
        query: &SentQuery,
    ) -> StoreResult<Vec<SentCount>> {
        let query = query.clone();
        self.read("count_sent", move |connection| {
            Box::pin(async move { query::count_sent(connection, now, &query).await })
        })
        .await
    }

    async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> StoreResult<u64> {
        let blank = matches!(what, Erase::BodiesBefore(_));
        let what = what.clone();
        let rows = self
            .read("erase", move |connection| {
                Box::pin(async move { erase::find(connection, &what, limit).await })
            })
            .await?;
        if rows.is_empty() {
            return Ok(0);
        }
        self.write("erase", Job::Erase, Erasure { now, blank, rows }).await
    }

    async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats> {
        self.read("stats", move |connection| Box::pin(query::stats(connection, now))).await
    }

    fn notes(&self) -> Option<&dyn NoteStore> {
        Some(self)
    }

    fn wakeups(&self) -> Option<watch::Receiver<u64>> {
        Some(self.shared.wakeups.subscribe())
    }
}

#[async_trait]
impl NoteStore for SqliteStore {
    async fn read_notes(&self, names: &[String]) -> StoreResult<Vec<Option<Note>>> {
        let names = names.to_vec();
        self.read("read_notes", |connection| {
            Box::pin(async move { notes::read(connection, &names).await })
        })
        .await
    }

    async fn write_note(&self, now: DateTime<Utc>, write: &NoteWrite) -> StoreResult<WriteOutcome> {
        self.write("write_note", Job::Note, (now, write.clone())).await
    }

    async fn list_notes(&self, prefix: &str, limit: u32) -> StoreResult<Vec<Note>> {
        let prefix = prefix.to_owned();
        self.read("list_notes", move |connection| {
            Box::pin(async move { notes::list(connection, &prefix, limit).await })
        })
        .await
    }
}

impl SqliteStore {
    /// Asks the writer and waits for its answer.
    async fn write<I, O>(
        &self,
        operation: &'static str,
        job: impl FnOnce(Ask<I, O>) -> Job,
        what: I,
    ) -> StoreResult<O> {
        let (reply, answer) = oneshot::channel();
        let job = job(Ask { what, reply });
        self.shared.jobs.send(job).await.map_err(|_| gone(operation))?;
        answer.await.unwrap_or_else(|_| Err(gone(operation)))
    }

    /// Reads on a connection of the pool, in a task of its own: a connection whose user was
    /// dropped in the middle of a statement would go back to the pool as it was.
    async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        what: impl for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Sql<T>> + Send + 'static,
    ) -> StoreResult<T> {
        let pool = self.shared.pool.clone();
        let answer = tokio::spawn(async move {
            let mut connection = pool.acquire().await?;
            what(&mut connection).await
        });
        match answer.await {
            Ok(answer) => answer.map_err(|cause| fault(operation, cause)),
            Err(_) => Err(gone(operation)),
        }
    }
}
