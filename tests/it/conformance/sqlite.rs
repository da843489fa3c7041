//! The SQLite store keeps the contract; a file locks as a whole, so no single row can be held.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use puntual::store::{SqliteStore, TaskStore, TaskWrites};
use puntual::testing::conformance::{HostTransaction, StoreHarness, not_applicable};
use sqlx::{Sqlite, Transaction};
use tempfile::TempDir;

puntual::testing::task_store_conformance!(suite, InFiles::new());

/// Each store is a file of its own in one directory.
struct InFiles {
    directory: TempDir,
    stores: Mutex<Vec<SqliteStore>>,
}

impl InFiles {
    fn new() -> InFiles {
        let directory = tempfile::tempdir().expect("a test may write to the temporary directory");
        InFiles { directory, stores: Mutex::default() }
    }

    async fn open(&self, number: usize) -> SqliteStore {
        let path = self.directory.path().join(format!("{number}.db"));
        SqliteStore::open(path).await.unwrap()
    }

    /// How many stores were given, and the last of them.
    fn last(&self) -> (usize, Option<SqliteStore>) {
        let stores = self.stores.lock().unwrap();
        (stores.len(), stores.last().cloned())
    }
}

#[async_trait]
impl StoreHarness for InFiles {
    async fn store(&self) -> Arc<dyn TaskStore> {
        let store = self.open(self.last().0 + 1).await;
        self.stores.lock().unwrap().push(store.clone());
        Arc::new(store)
    }

    /// A second opening beside the first, which hands nothing over: what it has not written by
    /// then is not there.
    async fn reopen(&self) -> Option<Arc<dyn TaskStore>> {
        Some(Arc::new(self.open(self.last().0).await))
    }

    async fn begin(&self) -> Option<Box<dyn HostTransaction>> {
        let store = self.last().1?;
        let transaction = store.pool().begin_with("begin immediate").await.unwrap();
        Some(Box::new(Open { store, transaction }))
    }
}

struct Open {
    store: SqliteStore,
    transaction: Transaction<'static, Sqlite>,
}

#[async_trait]
impl HostTransaction for Open {
    fn writes(&mut self) -> Box<dyn TaskWrites + '_> {
        Box::new(self.store.transaction(&mut self.transaction))
    }

    async fn commit(self: Box<Self>) {
        self.transaction.commit().await.unwrap();
    }

    async fn rollback(self: Box<Self>) {
        self.transaction.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn only_held_rows_do_not_apply_to_a_file() {
    let absent = not_applicable(Arc::new(InFiles::new())).await;
    assert!(!absent.is_empty());
    for (case, why) in absent {
        assert_eq!(case.clause(), Some(12), "{case:?}: {why}");
    }
}
