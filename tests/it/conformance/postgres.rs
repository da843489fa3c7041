//! The Postgres store keeps the contract, every clause of it: as the owner of its schema, and as a
//! role that has no more than the documented rights.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use puntual::store::{PostgresStore, TaskStore, TaskWrites};
use puntual::task::TaskId;
use puntual::testing::conformance::{Case, Hold, HostTransaction, StoreHarness};
use sqlx::{AssertSqlSafe, Postgres, Transaction};

use crate::servers::postgres::Server;
use crate::servers::roles;

puntual::testing::task_store_conformance!(suite, InSchemas::of(Rights::Owner));
puntual::testing::task_store_conformance!(limited, InSchemas::of(Rights::Documented));

/// What the store's role may do.
enum Rights {
    Owner,
    Documented,
}

/// Each store is a schema of its own, made by its owner.
struct InSchemas {
    server: Arc<Server>,
    rights: Rights,
    last: Mutex<Option<PostgresStore>>,
}

impl InSchemas {
    fn of(rights: Rights) -> InSchemas {
        InSchemas { server: Server::shared(), rights, last: Mutex::default() }
    }

    fn last(&self) -> Option<PostgresStore> {
        self.last.lock().unwrap().clone()
    }
}

#[async_trait]
impl StoreHarness for InSchemas {
    async fn store(&self) -> Arc<dyn TaskStore> {
        let owner = self.server.store().await;
        let store = match self.rights {
            Rights::Owner => owner,
            Rights::Documented => {
                let store = roles::limited(&self.server, &owner).await;
                owner.pool().close().await;
                store
            }
        };
        *self.last.lock().unwrap() = Some(store.clone());
        Arc::new(store)
    }

    /// Other connections to the same schema.
    async fn reopen(&self) -> Option<Arc<dyn TaskStore>> {
        let last = self.last()?;
        let options = (*last.pool().connect_options()).clone();
        let pool = sqlx::PgPool::connect_with(options).await.unwrap();
        Some(Arc::new(self.server.over(&pool, last.schema().clone())))
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

    fn left_out(&self, case: &Case, why: &'static str) {
        panic!("every case applies to Postgres, but {case:?} does not: {why}");
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
