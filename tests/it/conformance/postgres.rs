//! The Postgres store keeps the contract, every clause of it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use puntual::store::{PostgresStore, TaskStore, TaskWrites};
use puntual::task::TaskId;
use puntual::testing::conformance::{Hold, HostTransaction, StoreHarness, not_applicable};
use sqlx::{AssertSqlSafe, Postgres, Transaction};

use crate::servers::postgres::Server;

puntual::testing::task_store_conformance!(suite, InSchemas::new());

/// Each store is a schema of its own.
struct InSchemas {
    server: Arc<Server>,
    last: Mutex<Option<PostgresStore>>,
}

impl InSchemas {
    fn new() -> InSchemas {
        InSchemas { server: Server::shared(), last: Mutex::default() }
    }

    fn last(&self) -> Option<PostgresStore> {
        self.last.lock().unwrap().clone()
    }
}

#[async_trait]
impl StoreHarness for InSchemas {
    async fn store(&self) -> Arc<dyn TaskStore> {
        let store = self.server.store().await;
        *self.last.lock().unwrap() = Some(store.clone());
        Arc::new(store)
    }

    /// Other connections to the same schema.
    async fn reopen(&self) -> Option<Arc<dyn TaskStore>> {
        let schema = self.last()?.schema().clone();
        Some(Arc::new(self.server.over(&self.server.pool().await, schema)))
    }

    async fn hold_row(&self, task: TaskId) -> Option<Box<dyn Hold>> {
        let store = self.last()?;
        let mut transaction = store.pool().begin().await.unwrap();
        let schema = store.schema();
        let statement = format!("update {schema}.tasks set revision = revision where id = $1");
        let held = sqlx::query(AssertSqlSafe(statement)).bind(task.as_uuid());
        assert_eq!(held.execute(&mut *transaction).await.unwrap().rows_affected(), 1);
        Some(Box::new(Held(transaction)))
    }

    async fn begin(&self) -> Option<Box<dyn HostTransaction>> {
        let store = self.last()?;
        let transaction = store.pool().begin().await.unwrap();
        Some(Box::new(Open { store, transaction }))
    }
}

struct Held(Transaction<'static, Postgres>);

#[async_trait]
impl Hold for Held {
    async fn release(self: Box<Self>) {
        self.0.rollback().await.unwrap();
    }
}

struct Open {
    store: PostgresStore,
    transaction: Transaction<'static, Postgres>,
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
async fn every_case_applies_to_postgres() {
    let absent = not_applicable(Arc::new(InSchemas::new())).await;
    assert!(absent.is_empty(), "{absent:?}");
}
