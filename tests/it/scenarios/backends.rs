//! The stores that every scenario runs on.

use std::sync::Arc;

use async_trait::async_trait;
use puntual::store::{MemoryStore, TaskStore};
use puntual::{Reminder, Reminders, Scheduler};

/// A store with what a scenario asks of it beyond the port.
#[async_trait]
pub(crate) trait Backend: Send + Sync {
    fn store(&self) -> Arc<dyn TaskStore>;

    /// Schedules inside a transaction of the host, and commits it or rolls it back.
    async fn within(&self, scheduler: &Scheduler, reminders: Vec<Reminder>, commit: bool);
}

pub(crate) struct Memory(MemoryStore);

impl Memory {
    pub(crate) async fn new() -> Memory {
        Memory(MemoryStore::new())
    }
}

#[async_trait]
impl Backend for Memory {
    fn store(&self) -> Arc<dyn TaskStore> {
        Arc::new(self.0.clone())
    }

    async fn within(&self, scheduler: &Scheduler, reminders: Vec<Reminder>, commit: bool) {
        let mut transaction = self.0.begin();
        let writes = self.0.transaction(&mut transaction);
        scheduler.within(writes).schedule_all(reminders).await.unwrap();
        match commit {
            true => transaction.commit(),
            false => transaction.rollback(),
        }
    }
}

/// A file of its own for each test.
#[cfg(feature = "sqlite")]
pub(crate) struct Sqlite {
    store: puntual::store::SqliteStore,
    directory: tempfile::TempDir,
}

#[cfg(feature = "sqlite")]
impl Sqlite {
    pub(crate) async fn new() -> Sqlite {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("reminders.db");
        let store = puntual::store::SqliteStore::open(path).await.unwrap();
        Sqlite { store, directory }
    }

    /// The path of the file.
    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("reminders.db")
    }
}

#[cfg(feature = "sqlite")]
#[async_trait]
impl Backend for Sqlite {
    fn store(&self) -> Arc<dyn TaskStore> {
        Arc::new(self.store.clone())
    }

    async fn within(&self, scheduler: &Scheduler, reminders: Vec<Reminder>, commit: bool) {
        let mut transaction = self.store.pool().begin_with("begin immediate").await.unwrap();
        let writes = self.store.transaction(&mut transaction);
        scheduler.within(writes).schedule_all(reminders).await.unwrap();
        match commit {
            true => transaction.commit().await.unwrap(),
            false => transaction.rollback().await.unwrap(),
        }
    }
}

/// A schema of its own for each test.
#[cfg(feature = "postgres")]
pub(crate) struct Postgres {
    store: puntual::store::PostgresStore,
    _server: Arc<crate::servers::postgres::Server>,
}

#[cfg(feature = "postgres")]
impl Postgres {
    pub(crate) async fn new() -> Postgres {
        let server = crate::servers::postgres::Server::shared();
        Postgres { store: server.store().await, _server: server }
    }
}

#[cfg(feature = "postgres")]
#[async_trait]
impl Backend for Postgres {
    fn store(&self) -> Arc<dyn TaskStore> {
        Arc::new(self.store.clone())
    }

    async fn within(&self, scheduler: &Scheduler, reminders: Vec<Reminder>, commit: bool) {
        let mut transaction = self.store.pool().begin().await.unwrap();
        let writes = self.store.transaction(&mut transaction);
        scheduler.within(writes).schedule_all(reminders).await.unwrap();
        match commit {
            true => transaction.commit().await.unwrap(),
            false => transaction.rollback().await.unwrap(),
        }
    }
}

/// Makes each function a test of its own on every store.
macro_rules! each_store {
    ($($name:ident),* $(,)?) => {
        #[cfg(feature = "sqlite")]
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::scenarios::backends::Sqlite::new().await).await;
            })*
        }
        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::scenarios::backends::Postgres::new().await).await;
            })*
        }
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::scenarios::backends::Memory::new().await).await;
            })*
        }
    };
}
pub(crate) use each_store;
