//! The store in an SQLite file: one writer that commits in groups, and readers beside it.
//!
//! All writes go through one task and one connection (`writer.rs`, `turn.rs`); what waits is
//! written in one transaction, a statement for each kind of work and none for a row. Reads use the
//! pool. The tables are those of `migrations/`, the statements those of `sql/`.

mod calls;
mod change;
mod claim;
mod encode;
mod erase;
mod error;
mod insert;
mod json;
mod migrate;
mod notes;
mod open;
mod query;
mod rows;
mod transaction;
mod turn;
mod writer;

pub use transaction::SqliteWrites;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use self::error::{fault, gone};
use self::turn::Job;
use self::writer::Writer;
use super::{StoreIdentity, StoreResult};

/// How many items one statement takes.
const STATEMENT_ITEMS: usize = 500;

/// Keeps tasks in an SQLite file; clones share it.
///
/// Several processes may work on one file, on one machine: SQLite's locks do not hold on network
/// file systems. Each process has one writer, and the file lets one of them write at a time.
///
/// An operator reads the file by hand: the views `scheduled_tasks` and `notifications` show what
/// waits and what went out. Where the host had something of that name when the tables were made,
/// it is left alone; the same views are always there as `puntual_scheduled_tasks` and
/// `puntual_notifications`.
///
/// # Examples
///
/// ```
/// use puntual::store::{Durability, SqliteStore, TaskStore};
///
/// # tokio_test::block_on(async {
/// let directory = tempfile::tempdir()?;
/// let store = SqliteStore::open(directory.path().join("reminders.db")).await?;
/// assert_eq!(store.probe().await?.durability, Durability::Durable);
/// store.close().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    shared: Arc<Shared>,
}

struct Shared {
    pool: SqlitePool,
    /// Whether the pool is the host's.
    borrowed: bool,
    identity: StoreIdentity,
    jobs: mpsc::Sender<Job>,
    writer: Mutex<Option<JoinHandle<()>>>,
    wakeups: watch::Sender<u64>,
}

impl SqliteStore {
    /// Opens the file at `path`, makes it if it does not exist, and brings its tables up to date.
    ///
    /// The directory must exist. Ten processes may do so at once.
    ///
    /// # Errors
    ///
    /// `Permanent`: the path is a directory, its directory is missing, the file is no SQLite
    /// database, cannot be opened or written, or was made by a newer version of this library.
    /// `Transient`: the disk is full or fails. `Conflict`: another connection held the file for
    /// longer than 5 s. In none of these cases anything was changed.
    pub async fn open(path: impl AsRef<Path>) -> StoreResult<SqliteStore> {
        let store = Self::new(open::pool(path.as_ref())?, false).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Keeps tasks in the database of the host's own pool, so that both can be in one transaction.
    ///
    /// Nothing is changed in the file before [`migrate`](SqliteStore::migrate) is called. The
    /// writer has a connection of its own, with the pool's options; its wait for locks (5 s), its
    /// `synchronous` (`full`) and `secure_delete` are ours. For the host's own transactions these
    /// are the host's.
    ///
    /// # Errors
    ///
    /// As [`open`](SqliteStore::open). `Permanent` also where the pool is limited to one
    /// connection, or its database is in memory.
    pub async fn from_pool(pool: SqlitePool) -> StoreResult<SqliteStore> {
        Self::new(pool, true).await
    }

    async fn new(pool: SqlitePool, borrowed: bool) -> StoreResult<SqliteStore> {
        open::check_pool(&pool)?;
        let options = open::for_writer((*pool.connect_options()).clone());
        let (connection, identity) = open::writer(&options).await?;
        let wakeups = watch::Sender::new(0);
        let (jobs, queue) = mpsc::channel(writer::QUEUE);
        let writer = Writer::new(options, connection, identity.clone(), queue, wakeups.clone());
        let writer = Mutex::new(Some(tokio::spawn(writer.run())));
        let shared = Shared { pool, borrowed, identity, jobs, writer, wakeups };
        Ok(SqliteStore { shared: Arc::new(shared) })
    }

    /// Switches the file to the write-ahead log and makes or updates the tables, all or nothing.
    ///
    /// It may be called again, interrupted, and called by ten processes at once. Workers of the
    /// version before may keep running.
    ///
    /// # Errors
    ///
    /// As [`open`](SqliteStore::open).
    ///
    /// # Cancel safety
    ///
    /// A dropped call goes on by itself.
    pub async fn migrate(&self) -> StoreResult<()> {
        let pool = self.shared.pool.clone();
        let migrated = tokio::spawn(async move {
            let mut connection = pool.acquire().await.map_err(|cause| fault("migrate", cause))?;
            migrate::migrate(&mut connection).await
        });
        migrated.await.unwrap_or_else(|_| Err(gone("migrate")))
    }

    /// The pool of connections: for the host's own tables in the same file.
    pub fn pool(&self) -> &SqlitePool {
        &self.shared.pool
    }

    /// What the engine may do inside a transaction of the host; for
    /// [`Scheduler::within`](crate::Scheduler::within).
    ///
    /// The transaction must have begun with `begin immediate`
    /// (`pool.begin_with("begin immediate")`): a deferred one that has read before it writes gets
    /// a `Conflict` at once whenever anybody else has written in between. While it is open every
    /// other writer of the file waits; calling the engine outside `within` in the meantime waits
    /// 5 s for itself and ends in a `Conflict`.
    ///
    /// Engines, of this process too, see what was committed within a second, or at once after
    /// `wake`.
    ///
    /// # Examples
    ///
    /// ```
    /// use puntual::store::{SqliteStore, TaskFilter, TaskQuery, TaskWrites};
    ///
    /// # tokio_test::block_on(async {
    /// # let directory = tempfile::tempdir()?;
    /// let store = SqliteStore::open(directory.path().join("host.db")).await?;
    /// let mut tx = store.pool().begin_with("begin immediate").await?;
    /// let everything = TaskQuery::new(TaskFilter::default(), 10);
    /// assert_eq!(store.transaction(&mut tx).list(&everything).await?, []);
    /// tx.commit().await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn transaction<'t>(&self, connection: &'t mut SqliteConnection) -> SqliteWrites<'t> {
        SqliteWrites::new(connection)
    }

    /// Finishes what is queued, and closes the file where [`open`](SqliteStore::open) opened it.
    /// Calls after that fail. Dropping the last clone does the same, without waiting for it.
    pub async fn close(&self) {
        // The writer may have ended already, with its runtime.
        let _ = self.shared.jobs.send(Job::Close).await;
        let writer = self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.await;
        }
        if !self.shared.borrowed {
            self.shared.pool.close().await;
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("identity", &self.shared.identity.0).finish()
    }
}
