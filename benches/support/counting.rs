//! A store that notes which of its methods are called.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use puntual::chrono::{DateTime, Utc};
use puntual::store::{
    Change, ClaimRequest, Claimed, Erase, Extension, HistoryQuery, InsertOutcome, Note, NoteStore,
    NoteWrite, Probe, StoreError, StoreErrorKind, StoreResult, StoreStats, StoredEntry, TaskQuery,
    TaskStore, WriteOutcome,
};
use puntual::task::{NewTask, Task};
use tokio::sync::watch;

/// The names of the calls that came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Vec<&'static str>>>);

impl Calls {
    /// Takes what came so far.
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, name: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(name);
    }
}

/// Hands every call on to its store and notes it.
#[derive(Debug)]
pub(crate) struct Counting<S> {
    store: S,
    calls: Calls,
}

impl<S> Counting<S> {
    pub(crate) fn new(store: S, calls: Calls) -> Counting<S> {
        Counting { store, calls }
    }
}

#[async_trait]
impl<S: TaskStore> TaskStore for Counting<S> {
    async fn probe(&self) -> StoreResult<Probe> {
        self.calls.note("probe");
        self.store.probe().await
    }

    async fn insert(
        &self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        self.calls.note("insert");
        self.store.insert(now, tasks).await
    }

    async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> StoreResult<Claimed> {
        self.calls.note("claim");
        self.store.claim(now, request).await
    }

    async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>> {
        self.calls.note("extend");
        self.store.extend(now, extensions).await
    }

    async fn apply(
        &self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        self.calls.note("apply");
        self.store.apply(now, changes).await
    }

    async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        self.calls.note("list");
        self.store.list(query).await
    }

    async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>> {
        self.calls.note("history");
        self.store.history(query).await
    }

    async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> StoreResult<u64> {
        self.calls.note("erase");
        self.store.erase(now, what, limit).await
    }

    async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats> {
        self.calls.note("stats");
        self.store.stats(now).await
    }

    fn notes(&self) -> Option<&dyn NoteStore> {
        self.store.notes().map(|_| self as &dyn NoteStore)
    }

    fn wakeups(&self) -> Option<watch::Receiver<u64>> {
        self.store.wakeups()
    }
}

impl<S: TaskStore> Counting<S> {
    fn inner(&self, name: &'static str) -> StoreResult<&dyn NoteStore> {
        self.calls.note(name);
        let none = || StoreError::new(StoreErrorKind::Permanent, name, "it has no notes");
        self.store.notes().ok_or_else(none)
    }
}

#[async_trait]
impl<S: TaskStore> NoteStore for Counting<S> {
    async fn read_notes(&self, names: &[String]) -> StoreResult<Vec<Option<Note>>> {
        self.inner("read_notes")?.read_notes(names).await
    }

    async fn write_note(&self, now: DateTime<Utc>, write: &NoteWrite) -> StoreResult<WriteOutcome> {
        self.inner("write_note")?.write_note(now, write).await
    }

    async fn list_notes(&self, prefix: &str, limit: u32) -> StoreResult<Vec<Note>> {
        self.inner("list_notes")?.list_notes(prefix, limit).await
    }
}
