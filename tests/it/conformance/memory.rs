//! The memory store keeps the contract, and is the reference for it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use puntual::store::{MemoryStore, MemoryTransaction, TaskStore, TaskStoreExt, TaskWrites};
use puntual::task::TaskId;
use puntual::testing::change;
use puntual::testing::conformance::{Hold, HostTransaction, StoreHarness, not_applicable};

puntual::testing::task_store_conformance!(suite, InMemory::default());

/// A harness that can all that memory can: transactions and held rows, but no second opening.
#[derive(Debug, Default)]
pub(super) struct InMemory {
    last: Mutex<MemoryStore>,
}

impl InMemory {
    pub(super) fn last(&self) -> MemoryStore {
        self.last.lock().expect("no case panics with the lock").clone()
    }

    /// An open transaction of the last store.
    pub(super) fn open(&self) -> Open {
        let store = self.last();
        let transaction = store.begin();
        Open { store, transaction }
    }
}

#[async_trait]
impl StoreHarness for InMemory {
    async fn store(&self) -> Arc<dyn TaskStore> {
        let store = MemoryStore::new();
        *self.last.lock().expect("no case panics with the lock") = store.clone();
        Arc::new(store)
    }

    async fn hold_row(&self, task: TaskId) -> Option<Box<dyn Hold>> {
        let row = self.last().task(task).await.unwrap().expect("cases hold rows that are there");
        let mut open = self.open();
        let uncommitted = [change(&row).build()];
        open.writes().apply(row.updated_at, &uncommitted).await.unwrap();
        Some(Box::new(open))
    }

    async fn begin(&self) -> Option<Box<dyn HostTransaction>> {
        Some(Box::new(self.open()))
    }
}

/// A transaction that is open.
pub(super) struct Open {
    store: MemoryStore,
    transaction: MemoryTransaction,
}

#[async_trait]
impl Hold for Open {
    async fn release(self: Box<Self>) {
        self.transaction.rollback();
    }
}

#[async_trait]
impl HostTransaction for Open {
    fn writes(&mut self) -> Box<dyn TaskWrites + '_> {
        Box::new(self.store.transaction(&mut self.transaction))
    }

    async fn commit(self: Box<Self>) {
        self.transaction.commit();
    }

    async fn rollback(self: Box<Self>) {
        self.transaction.rollback();
    }
}

#[tokio::test]
async fn only_durability_does_not_apply_to_memory() {
    let absent = not_applicable(Arc::new(InMemory::default())).await;
    assert!(!absent.is_empty());
    for (case, why) in absent {
        assert_eq!(case.clause(), Some(14), "{case:?}: {why}");
    }
}
