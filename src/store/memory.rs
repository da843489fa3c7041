//! The reference store: everything in memory, written to be read.
//!
//! It keeps all fifteen clauses of [`TaskStore`] but the durability that memory cannot give, and
//! says so ([`Durability::Volatile`]).

mod state;
mod transaction;

pub use transaction::{MemoryTransaction, MemoryWrites};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::watch;

use self::state::State;
use super::check::check_batch;
use super::{
    Change, ClaimRequest, Claimed, Durability, Erase, Extension, HistoryQuery, InsertOutcome, Note,
    NoteStore, NoteWrite, Probe, SEAL_NOTE, SentCount, SentQuery, StoreIdentity, StoreResult,
    StoreStats, StoredEntry, TaskQuery, TaskStore, WriteOutcome,
};
use crate::task::{NewTask, Task};

/// The schema of this version; nothing older can be in memory.
pub(super) const SCHEMA: u32 = 1;

/// Keeps tasks in memory; clones share them. For tests, and for trying things out: a restart
/// loses everything.
///
/// ```
/// use puntual::store::{MemoryStore, TaskStore, Durability};
///
/// # tokio_test::block_on(async {
/// let store = MemoryStore::new();
/// assert_eq!(store.probe().await?.durability, Durability::Volatile);
/// # Ok::<(), puntual::store::StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    wakeups: watch::Sender<u64>,
}

impl Default for Shared {
    fn default() -> Self {
        Shared { state: Mutex::default(), wakeups: watch::Sender::new(0) }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells waiting engines that earlier work may have arrived.
    fn wake(&self) {
        self.wakeups.send_modify(|tick| *tick = tick.wrapping_add(1));
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    /// Begins a transaction, as a host would with its database: what is written through it is seen
    /// by others only after [`MemoryTransaction::commit`]. Dropping it rolls back.
    pub fn begin(&self) -> MemoryTransaction {
        MemoryTransaction::new(self.shared.clone())
    }

    /// What the engine may do inside a transaction of the host; for
    /// [`Scheduler::within`](crate::Scheduler::within).
    pub fn transaction<'t>(&self, transaction: &'t mut MemoryTransaction) -> MemoryWrites<'t> {
        MemoryWrites::new(transaction)
    }

    fn probe_of(state: &State) -> Probe {
        let identity = StoreIdentity("memory".to_owned());
        let mut probe = Probe::new(SCHEMA, Durability::Volatile, identity);
        probe.seal = state.notes.get(SEAL_NOTE).map(|note| note.text.clone());
        probe
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("tasks", &self.shared.lock().rows.len()).finish()
    }
}

#[async_trait]
impl TaskStore for MemoryStore {
    async fn probe(&self) -> StoreResult<Probe> {
        Ok(Self::probe_of(&self.shared.lock()))
    }

    async fn insert(
        &self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        check_batch(tasks)?;
        let mut state = self.shared.lock();
        state.refuse_locked_keys(tasks)?;
        let outcomes = tasks.iter().map(|task| state.insert(now, task)).collect();
        drop(state);
        if tasks.iter().any(|task| is_soon(now, task.wake_at)) {
            self.shared.wake();
        }
        Ok(outcomes)
    }

    async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> StoreResult<Claimed> {
        let mut state = self.shared.lock();
        let (tasks, next_wake_at) = match request.repeated {
            true => (state.claimed_by(now, request.claim), Some(now)),
            false => state.claim(now, request),
        };
        Ok(Claimed::new(tasks, next_wake_at, Self::probe_of(&state)))
    }

    async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>> {
        let mut state = self.shared.lock();
        Ok(extensions.iter().map(|extension| state.extend(now, extension)).collect())
    }

    async fn apply(
        &self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        let mut state = self.shared.lock();
        let outcomes = changes.iter().map(|change| state.apply(now, change)).collect();
        drop(state);
        let wakes = |change: &Change| {
            let inserts = change.inserts.iter().map(|task| task.wake_at);
            inserts.chain([change.wake_at]).any(|wake_at| is_soon(now, wake_at))
        };
        if changes.iter().any(wakes) {
            self.shared.wake();
        }
        Ok(outcomes)
    }

    async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        Ok(self.shared.lock().list(query, &Default::default()))
    }

    async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>> {
        Ok(self.shared.lock().history(query))
    }

    async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> StoreResult<u64> {
        Ok(self.shared.lock().erase(now, what, limit))
    }

    async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats> {
        Ok(self.shared.lock().stats(now))
    }

    async fn count_sent(
        &self,
        now: DateTime<Utc>,
        query: &SentQuery,
    ) -> StoreResult<Vec<SentCount>> {
        Ok(self.shared.lock().count_sent(now, query))
    }

    fn notes(&self) -> Option<&dyn NoteStore> {
        Some(self)
    }

    fn wakeups(&self) -> Option<watch::Receiver<u64>> {
        Some(self.shared.wakeups.subscribe())
    }
}

#[async_trait]
impl NoteStore for MemoryStore {
    async fn read_notes(&self, names: &[String]) -> StoreResult<Vec<Option<Note>>> {
        let state = self.shared.lock();
        Ok(names.iter().map(|name| state.notes.get(name).cloned()).collect())
    }

    async fn write_note(&self, now: DateTime<Utc>, write: &NoteWrite) -> StoreResult<WriteOutcome> {
        Ok(self.shared.lock().write_note(now, write))
    }

    async fn list_notes(&self, prefix: &str, limit: u32) -> StoreResult<Vec<Note>> {
        let state = self.shared.lock();
        let from = state.notes.range(prefix.to_owned()..);
        let found = from.take_while(|(name, _)| name.starts_with(prefix));
        Ok(found.take(limit as usize).map(|(_, note)| note.clone()).collect())
    }
}

/// Whether a row that wakes then is worth waking an engine for: everything later is found in time
/// by its poll.
fn is_soon(now: DateTime<Utc>, wake_at: Option<DateTime<Utc>>) -> bool {
    wake_at.is_some_and(|wake_at| wake_at <= now + super::NOTIFY_WITHIN)
}
