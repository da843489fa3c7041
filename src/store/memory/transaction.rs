//! A transaction of the host in memory: private until its commit, gone when dropped.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Shared, is_soon};
use crate::store::check::{check_batch, check_change};
use crate::store::{
    Change, InsertOutcome, StoreError, StoreErrorKind, StoreResult, StoredEntry, TaskQuery,
    TaskWrites, WriteOutcome,
};
use crate::task::{NewTask, Revision, Task, TaskId};

/// A transaction over a [`MemoryStore`](super::MemoryStore). Rows and keys that it wrote are locked
/// for others until it ends, as in a database with row locks.
pub struct MemoryTransaction {
    shared: Arc<Shared>,
    id: u64,
    rows: BTreeMap<TaskId, Task>,
    entries: Vec<StoredEntry>,
    wakes_soon: bool,
}

impl MemoryTransaction {
    pub(super) fn new(shared: Arc<Shared>) -> MemoryTransaction {
        let id = {
            let mut state = shared.lock();
            state.transactions += 1;
            state.transactions
        };
        MemoryTransaction {
            shared,
            id,
            rows: BTreeMap::new(),
            entries: Vec::new(),
            wakes_soon: false,
        }
    }

    /// Makes everything visible at once.
    pub fn commit(mut self) {
        let mut state = self.shared.lock();
        for task in std::mem::take(&mut self.rows).into_values() {
            state.put(task);
        }
        for stored in std::mem::take(&mut self.entries) {
            state.record(stored.entry, stored.revision);
        }
        drop(state);
        if self.wakes_soon {
            self.shared.wake();
        }
    }

    /// Forgets everything, as dropping it does.
    pub fn rollback(self) {}

    fn insert_one(&mut self, now: DateTime<Utc>, new: &NewTask) -> StoreResult<InsertOutcome> {
        let mut state = self.shared.lock();
        let by_key = TaskQuery::new(crate::store::TaskFilter::keys([new.dedup_key.clone()]), 1);
        if self.rows.contains_key(&new.id) || state.rows.contains_key(&new.id) {
            return Ok(InsertOutcome::Inserted);
        }
        if state.locked_keys.get(&new.dedup_key).is_some_and(|owner| *owner != self.id) {
            return Err(conflict("insert"));
        }
        if let Some(holder) = state.list(&by_key, &self.rows).pop() {
            return Ok(InsertOutcome::Taken(Box::new(holder)));
        }
        state.locked.insert(new.id, self.id);
        state.locked_keys.insert(new.dedup_key.clone(), self.id);
        self.rows.insert(new.id, Task::from_new(now, new));
        self.entries.push(StoredEntry::new(new.entry.clone(), Revision::FIRST));
        self.wakes_soon |= is_soon(now, new.wake_at);
        Ok(InsertOutcome::Inserted)
    }

    fn apply_one(&mut self, now: DateTime<Utc>, change: &Change) -> StoreResult<WriteOutcome> {
        let row = {
            let mut state = self.shared.lock();
            let ours = self.entries.iter().find(|stored| stored.entry.id == change.entry.id);
            let known = ours.map(|stored| stored.revision).or(state.revision_of(change.entry.id));
            if let Some(revision) = known {
                return Ok(WriteOutcome::Written(revision));
            }
            if let Err(why) = check_change(change) {
                return Ok(WriteOutcome::Rejected(why));
            }
            if state.locked.get(&change.task).is_some_and(|owner| *owner != self.id) {
                return Err(conflict("apply"));
            }
            let row = self.rows.get(&change.task).or_else(|| state.rows.get(&change.task));
            let Some(mut row) = row.cloned() else { return Ok(WriteOutcome::Missing) };
            if row.revision != change.expected {
                return Ok(WriteOutcome::Stale);
            }
            state.locked.insert(change.task, self.id);
            change.write_into(now, &mut row);
            row
        };
        let revision = row.revision;
        self.rows.insert(row.id, row);
        self.entries.push(StoredEntry::new(change.entry.clone(), revision));
        self.wakes_soon |= is_soon(now, change.wake_at);
        for new in &change.inserts {
            self.insert_one(now, new)?;
        }
        Ok(WriteOutcome::Written(revision))
    }
}

fn conflict(operation: &'static str) -> StoreError {
    let detail = "the row is being written by another open transaction";
    StoreError::new(StoreErrorKind::Conflict, operation, detail)
}

impl Drop for MemoryTransaction {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.locked.retain(|_, owner| *owner != self.id);
        state.locked_keys.retain(|_, owner| *owner != self.id);
    }
}

impl std::fmt::Debug for MemoryTransaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryTransaction").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

/// The writes of the engine inside a [`MemoryTransaction`].
#[derive(Debug)]
pub struct MemoryWrites<'t>(&'t mut MemoryTransaction);

impl<'t> MemoryWrites<'t> {
    pub(super) fn new(transaction: &'t mut MemoryTransaction) -> MemoryWrites<'t> {
        MemoryWrites(transaction)
    }
}

#[async_trait]
impl TaskWrites for MemoryWrites<'_> {
    async fn insert(
        &mut self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        check_batch(tasks)?;
        tasks.iter().map(|task| self.0.insert_one(now, task)).collect()
    }

    async fn apply(
        &mut self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        changes.iter().map(|change| self.0.apply_one(now, change)).collect()
    }

    async fn list(&mut self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        Ok(self.0.shared.lock().list(query, &self.0.rows))
    }
}
