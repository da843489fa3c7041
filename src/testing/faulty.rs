//! A store that fails when a test says so.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::store::{
    Change, ClaimRequest, Claimed, Condition, Erase, Extension, HistoryQuery, InsertOutcome, Note,
    NoteStore, NoteWrite, Probe, SentCount, SentQuery, StoreError, StoreErrorKind, StoreResult,
    StoreStats, StoredEntry, TaskQuery, TaskStore, WriteOutcome,
};
use crate::task::{NewTask, Task};

/// A store around another one: it fails the operations that it is told to fail, counts all calls,
/// and changes nothing else. Clones share faults and counts.
///
/// # Examples
///
/// ```
/// use puntual::store::{MemoryStore, StoreErrorKind, TaskStore};
/// use puntual::testing::{self, Fault, FaultyStore, IntoInstant, Operation};
///
/// # tokio_test::block_on(async {
/// let now = "2026-07-10T13:00:00Z".into_instant();
/// let store = FaultyStore::new(MemoryStore::new());
/// let new = testing::new_task(now, "reminder_24h").build();
///
/// store.inject(Operation::Insert, Fault::after());
/// let lost = store.insert(now, &[new.clone()]).await.unwrap_err();
/// assert_eq!(lost.kind(), StoreErrorKind::Transient);
/// assert_eq!(store.stats(now).await?.entries, 1, "the answer was lost, not the row");
/// assert_eq!((store.calls(Operation::Insert), store.fired(Operation::Insert)), (1, 1));
/// # Ok::<(), puntual::store::StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct FaultyStore<S> {
    inner: S,
    plans: Arc<Mutex<BTreeMap<Operation, Plan>>>,
}

/// A call of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the method of its name")]
pub enum Operation {
    Probe,
    Insert,
    Claim,
    Extend,
    Apply,
    List,
    History,
    Erase,
    Stats,
    CountSent,
    ReadNotes,
    WriteNote,
    ListNotes,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Operation; 13] = [
        Operation::Probe,
        Operation::Insert,
        Operation::Claim,
        Operation::Extend,
        Operation::Apply,
        Operation::List,
        Operation::History,
        Operation::Erase,
        Operation::Stats,
        Operation::CountSent,
        Operation::ReadNotes,
        Operation::WriteNote,
        Operation::ListNotes,
    ];

    fn name(self) -> &'static str {
        match self {
            Operation::Probe => "probe",
            Operation::Insert => "insert",
            Operation::Claim => "claim",
            Operation::Extend => "extend",
            Operation::Apply => "apply",
            Operation::List => "list",
            Operation::History => "history",
            Operation::Erase => "erase",
            Operation::Stats => "stats",
            Operation::CountSent => "count_sent",
            Operation::ReadNotes => "read_notes",
            Operation::WriteNote => "write_note",
            Operation::ListNotes => "list_notes",
        }
    }
}

/// How an operation fails, and how often; once, unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    effect: Effect,
    skips: u64,
    /// So many calls more; `None` means all of them.
    times: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Nothing happens.
    Before(StoreErrorKind),
    /// It happens, and the answer is lost.
    After,
}

impl Fault {
    fn new(effect: Effect) -> Fault {
        Fault { effect, skips: 0, times: Some(1) }
    }

    /// The call fails with this kind, and nothing happened.
    pub fn before(kind: StoreErrorKind) -> Fault {
        Fault::new(Effect::Before(kind))
    }

    /// The call takes effect, but its answer is lost: the error is
    /// [`Transient`](StoreErrorKind::Transient).
    pub fn after() -> Fault {
        Fault::new(Effect::After)
    }

    /// Lets `calls` calls pass first.
    #[must_use]
    pub fn skipping(mut self, calls: u64) -> Fault {
        self.skips = calls;
        self
    }

    /// Fails `calls` calls in a row.
    #[must_use]
    pub fn times(mut self, calls: u64) -> Fault {
        self.times = Some(calls);
        self
    }

    /// Fails every call from then on, until [`FaultyStore::heal`].
    #[must_use]
    pub fn from_now_on(mut self) -> Fault {
        self.times = None;
        self
    }
}

#[derive(Debug, Default)]
struct Plan {
    faults: Vec<Fault>,
    calls: u64,
    fired: u64,
}

impl Plan {
    /// Counts one call, and says how it fails if it does.
    fn next(&mut self) -> Option<Effect> {
        self.calls += 1;
        let fault = self.faults.first_mut()?;
        if fault.skips > 0 {
            fault.skips -= 1;
            return None;
        }
        let effect = fault.effect;
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.faults.remove(0);
            }
        }
        self.fired += 1;
        Some(effect)
    }
}

impl<S> FaultyStore<S> {
    /// A store that does what `inner` does, until it is told to fail.
    pub fn new(inner: S) -> FaultyStore<S> {
        FaultyStore { inner, plans: Arc::default() }
    }

    /// The store behind it, to which nothing happens.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Makes calls of `operation` fail, after the faults that were injected before.
    pub fn inject(&self, operation: Operation, fault: Fault) {
        self.plans().entry(operation).or_default().faults.push(fault);
    }

    /// Makes every operation fail from now on: an outage. Nothing happens meanwhile.
    pub fn fail_all(&self) {
        for operation in Operation::ALL {
            let fault = Fault::before(StoreErrorKind::Transient).from_now_on();
            self.inject(operation, fault);
        }
    }

    /// Forgets all faults that have not fired; the counts stay.
    pub fn heal(&self) {
        for plan in self.plans().values_mut() {
            plan.faults.clear();
        }
    }

    /// How often an operation was called.
    pub fn calls(&self, operation: Operation) -> u64 {
        self.plans().get(&operation).map_or(0, |plan| plan.calls)
    }

    /// How often an operation failed because it was told to.
    pub fn fired(&self, operation: Operation) -> u64 {
        self.plans().get(&operation).map_or(0, |plan| plan.fired)
    }

    fn plans(&self) -> MutexGuard<'_, BTreeMap<Operation, Plan>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn through<T>(
        &self,
        operation: Operation,
        call: impl Future<Output = StoreResult<T>>,
    ) -> StoreResult<T> {
        let effect = self.plans().entry(operation).or_default().next();
        let error = |kind, detail| Err(StoreError::new(kind, operation.name(), detail));
        match effect {
            None => call.await,
            Some(Effect::Before(kind)) => error(kind, "the test said so"),
            Some(Effect::After) => {
                call.await?;
                error(StoreErrorKind::Transient, "the test lost its answer")
            }
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: TaskStore> TaskStore for FaultyStore<S> {
    async fn probe(&self) -> StoreResult<Probe> {
        self.through(Operation::Probe, self.inner.probe()).await
    }

    async fn insert(
        &self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        self.through(Operation::Insert, self.inner.insert(now, tasks)).await
    }

    async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> StoreResult<Claimed> {
        self.through(Operation::Claim, self.inner.claim(now, request)).await
    }

    async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>> {
        self.through(Operation::Extend, self.inner.extend(now, extensions)).await
    }

    async fn apply(
        &self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        self.through(Operation::Apply, self.inner.apply(now, changes)).await
    }

    async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        self.through(Operation::List, self.inner.list(query)).await
    }

    async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>> {
        self.through(Operation::History, self.inner.history(query)).await
    }

    async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> StoreResult<u64> {
        self.through(Operation::Erase, self.inner.erase(now, what, limit)).await
    }

    async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats> {
        self.through(Operation::Stats, self.inner.stats(now)).await
    }

    fn notes(&self) -> Option<&dyn NoteStore> {
        self.inner.notes().map(|_| self as &dyn NoteStore)
    }

    fn wakeups(&self) -> Option<watch::Receiver<u64>> {
        self.inner.wakeups()
    }

    async fn count_sent(
        &self,
        now: DateTime<Utc>,
        query: &SentQuery,
    ) -> StoreResult<Vec<SentCount>> {
        self.through(Operation::CountSent, self.inner.count_sent(now, query)).await
    }

    async fn condition(&self) -> StoreResult<Condition> {
        self.inner.condition().await
    }
}

/// Reached through [`TaskStore::notes`] only, which answers `None` where `inner` has no notes.
#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: TaskStore> NoteStore for FaultyStore<S> {
    async fn read_notes(&self, names: &[String]) -> StoreResult<Vec<Option<Note>>> {
        let notes = self.inner_notes("read_notes")?;
        self.through(Operation::ReadNotes, notes.read_notes(names)).await
    }

    async fn write_note(&self, now: DateTime<Utc>, write: &NoteWrite) -> StoreResult<WriteOutcome> {
        let notes = self.inner_notes("write_note")?;
        self.through(Operation::WriteNote, notes.write_note(now, write)).await
    }

    async fn list_notes(&self, prefix: &str, limit: u32) -> StoreResult<Vec<Note>> {
        let notes = self.inner_notes("list_notes")?;
        self.through(Operation::ListNotes, notes.list_notes(prefix, limit)).await
    }
}

impl<S: TaskStore> FaultyStore<S> {
    fn inner_notes(&self, operation: &'static str) -> StoreResult<&dyn NoteStore> {
        self.inner.notes().ok_or_else(|| {
            StoreError::new(StoreErrorKind::Permanent, operation, "the store has no notes")
        })
    }
}
