//! Who is asked: a store, a host's transaction on it, and a way to empty it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use puntual::store::{MemoryStore, TaskStore};

use super::call::{Answer, Write, write_all};

/// A store that answers calls.
#[async_trait]
pub(super) trait Party: Send + Sync {
    fn name(&self) -> &'static str;

    fn store(&self) -> &dyn TaskStore;

    /// Begins a transaction of the host, writes, and ends it: without a commit where it is not
    /// wanted, or where a write failed.
    async fn within(&self, now: DateTime<Utc>, writes: &[Write], commits: bool) -> Vec<Answer>;

    /// As if nothing had ever been stored.
    async fn clear(&mut self);
}

/// The reference.
#[derive(Default)]
pub(super) struct InMemory {
    pub(super) store: MemoryStore,
}

#[async_trait]
impl Party for InMemory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn store(&self) -> &dyn TaskStore {
        &self.store
    }

    async fn within(&self, now: DateTime<Utc>, writes: &[Write], commits: bool) -> Vec<Answer> {
        let mut transaction = self.store.begin();
        let (answers, good) =
            write_all(&mut self.store.transaction(&mut transaction), now, writes).await;
        match commits && good {
            true => transaction.commit(),
            false => transaction.rollback(),
        }
        answers
    }

    async fn clear(&mut self) {
        self.store = MemoryStore::new();
    }
}
