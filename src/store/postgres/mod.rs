//! The store in a schema of a Postgres database: many workers, and the host's own transactions.
//!
//! Each call is one statement where it can be, on a connection of the pool and in a task of its
//! own (`calls.rs`). Rows are taken with `skip locked`, so that nobody waits for anybody. The
//! tables are those of `migrations/`, the statements those of `sql/`.

mod calls;
mod change;
mod claim;
mod connections;
mod encode;
mod erase;
mod error;
mod insert;
mod migrate;
mod notes;
mod query;
mod rows;
mod schema;
mod sql;
mod transaction;
mod wake;
mod warm;

pub use connections::PoolerMode;
pub use schema::SchemaName;
pub use transaction::PostgresWrites;

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::PgConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::sync::Mutex;

use self::connections::{Around, Connections};
use self::error::fault;
use self::wake::{WATCH_EVERY, Wakes};
use super::{StoreIdentity, StoreResult};

/// How many items one statement takes: a whole batch, so that its keys are written in one order.
const STATEMENT_ITEMS: usize = 1_000;

/// Connections of a pool that [`PostgresStore::connect`] makes.
const CONNECTIONS: u32 = 8;

/// Keeps tasks in a schema of a Postgres database; clones share it.
///
/// Any number of processes may work on one database. The schema is [`puntual`](SchemaName) unless
/// [`with_schema`](PostgresStore::with_schema) says otherwise; every statement names it, and
/// `search_path` does not matter, unless it names a schema before `pg_catalog`, whose functions and
/// operators it then offers in place of the server's. An operator reads the views
/// `scheduled_tasks` and `notifications` in it.
///
/// The role of the application need not own the schema. Where another role migrates, it needs:
///
/// ```sql
/// grant usage on schema puntual to app;
/// grant select on puntual.schema_history to app;
/// grant select, insert, update, delete
///     on puntual.tasks, puntual.task_history, puntual.notes to app;
/// grant select, insert, update on puntual.counters to app;
/// grant usage on sequence puntual.note_revision to app;
/// ```
///
/// A role that only looks, such as an operator's, needs less:
///
/// ```sql
/// grant usage on schema puntual to operator;
/// grant select on puntual.scheduled_tasks, puntual.notifications to operator;
/// ```
///
/// # Examples
///
/// ```no_run
/// use puntual::store::{PostgresStore, TaskStore};
///
/// # tokio_test::block_on(async {
/// let store = PostgresStore::connect("postgres://app@localhost/bookings").await?;
/// store.migrate().await?;
/// assert!(store.probe().await?.server_time.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    shared: Arc<Shared>,
}

struct Shared {
    connections: Arc<Connections>,
    schema: SchemaName,
    /// Which database this is, once it was asked.
    identity: OnceLock<StoreIdentity>,
    /// Held by the claim that runs: one that repeats a dropped call waits for it, and then knows
    /// all that it took.
    claiming: Arc<Mutex<()>>,
    wakes: Wakes,
}

/// What a store is made of.
struct Parts {
    pool: PgPool,
    schema: SchemaName,
    mode: Option<PoolerMode>,
    listener: Option<PgConnectOptions>,
    watch: Duration,
}

impl PostgresStore {
    /// Connects to the database that a URL names: `postgres://user:password@host:port/database`.
    ///
    /// Nothing is changed in it before [`migrate`](PostgresStore::migrate) is called.
    ///
    /// # Errors
    ///
    /// `Permanent`: the URL is none, the server refuses user or database, or a pooler in statement
    /// mode is in between. `Transient`: the server cannot be reached.
    pub async fn connect(url: &str) -> StoreResult<PostgresStore> {
        const OPERATION: &str = "connect";
        let options = PgConnectOptions::from_str(url).map_err(|cause| fault(OPERATION, cause))?;
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS);
        let pool = pool.connect_with(options).await.map_err(|cause| fault(OPERATION, cause))?;
        let store = PostgresStore::new(pool);
        let connections = &store.shared.connections;
        connections.run(Around::AsNeeded, OPERATION, |_, _| Box::pin(async { Ok(()) })).await?;
        Ok(store)
    }

    /// Keeps tasks in the database of the host's own pool, so that both can be in one transaction.
    ///
    /// Up to half of the pool's connections are kept for the next call for 200 ms after one, as long
    /// as the pool has others left, and given back at least once a minute. Once an engine runs, one
    /// more connection is opened, with the pool's options, to listen on. `synchronous_commit` is
    /// the host's: where it is off, a probe answers [`Relaxed`](super::Durability::Relaxed).
    pub fn new(pool: PgPool) -> PostgresStore {
        let (schema, watch) = (SchemaName::default(), WATCH_EVERY);
        PostgresStore::of(Parts { pool, schema, mode: None, listener: None, watch })
    }

    /// The same with its tables in another schema.
    #[must_use]
    pub fn with_schema(self, schema: SchemaName) -> PostgresStore {
        PostgresStore::of(Parts { schema, ..self.parts() })
    }

    /// Says what lies between the application and the server.
    ///
    /// Unless it is said, the first call finds it out with one more connection, and
    /// [`pooler_mode`](PostgresStore::pooler_mode) tells. PgBouncer must be told
    /// `ignore_startup_parameters = extra_float_digits`; its statement mode cannot be used.
    #[must_use]
    pub fn with_pooler_mode(self, mode: PoolerMode) -> PostgresStore {
        PostgresStore::of(Parts { mode: Some(mode), ..self.parts() })
    }

    /// Listens for work of other processes on a connection of these options, past the pooler that
    /// the pool connects to.
    ///
    /// Without it nothing is heard behind a pooler in transaction mode: what other processes store
    /// waits for the poll, at most a minute.
    #[must_use]
    pub fn with_listener(self, direct: PgConnectOptions) -> PostgresStore {
        PostgresStore::of(Parts { listener: Some(direct), ..self.parts() })
    }

    /// How often the listening connection is asked whether it still lives: every two minutes,
    /// unless this says otherwise. One that does not answer, for 10 s or for this time if that is
    /// shorter, is replaced.
    #[must_use]
    pub fn with_listener_watch(self, every: Duration) -> PostgresStore {
        PostgresStore::of(Parts { watch: every, ..self.parts() })
    }

    fn of(parts: Parts) -> PostgresStore {
        let Parts { pool, schema, mode, listener, watch } = parts;
        let shared = Shared {
            connections: Arc::new(Connections::new(pool, &schema, mode)),
            wakes: Wakes::new(&schema, listener, watch),
            schema,
            identity: OnceLock::new(),
            claiming: Arc::default(),
        };
        PostgresStore { shared: Arc::new(shared) }
    }

    fn parts(&self) -> Parts {
        let (connections, wakes) = (&self.shared.connections, &self.shared.wakes);
        Parts {
            pool: connections.pool().clone(),
            schema: self.shared.schema.clone(),
            mode: connections.mode(),
            listener: wakes.direct().cloned(),
            watch: wakes.watch(),
        }
    }

    /// Makes or updates the schema and its tables, step by step, each of them all or nothing.
    ///
    /// It may be called again, interrupted, and called by ten processes at once: one lock, held for
    /// one step, lets one of them work. Workers of the version before may keep running. The role
    /// needs `create` on the database, or on the schema where that exists.
    ///
    /// # Errors
    ///
    /// `Permanent`: the role may not do this, or the schema was made by a newer version of this
    /// library; nothing was changed. `Transient`: the server cannot be reached, or the connection
    /// was lost; the next call goes on after the last step that was recorded.
    ///
    /// # Cancel safety
    ///
    /// A dropped call goes on by itself.
    pub async fn migrate(&self) -> StoreResult<()> {
        let schema = self.shared.schema.clone();
        let connections = &self.shared.connections;
        let migrated =
            connections.run(Around::Nothing, "migrate", move |connection, statements| {
                let schema = schema.clone();
                Box::pin(async move { migrate::migrate(connection, statements, &schema).await })
            });
        migrated.await?
    }

    /// What [`migrate`](PostgresStore::migrate) runs on an empty database, as a script: for hosts
    /// that keep their own migrations.
    ///
    /// # Examples
    ///
    /// ```
    /// use puntual::store::{PostgresStore, SchemaName};
    ///
    /// let script = PostgresStore::migration_sql(&SchemaName::default());
    /// assert!(script.contains("create table \"puntual\".tasks ("));
    /// ```
    pub fn migration_sql(schema: &SchemaName) -> String {
        migrate::script(schema)
    }

    /// The pool of connections: for the host's own tables in the same database.
    pub fn pool(&self) -> &PgPool {
        self.shared.connections.pool()
    }

    /// The schema that holds the tables.
    pub fn schema(&self) -> &SchemaName {
        &self.shared.schema
    }

    /// What the engine may do inside a transaction of the host; for
    /// [`Scheduler::within`](crate::Scheduler::within).
    ///
    /// It takes a `sqlx::Transaction` or a plain connection on which the host has begun one. Where
    /// another transaction holds a row of it, or has written it since a repeatable read or
    /// serializable transaction began, the call ends in a `Conflict`: roll back and repeat. Of two
    /// transactions that schedule the same reminder the second waits for the first to end.
    ///
    /// Engines hear of the commit, in every process.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use puntual::store::{PostgresStore, TaskFilter, TaskQuery, TaskWrites};
    ///
    /// # tokio_test::block_on(async {
    /// let store = PostgresStore::connect("postgres://app@localhost/bookings").await?;
    /// let mut tx = store.pool().begin().await?;
    /// let everything = TaskQuery::new(TaskFilter::default(), 10);
    /// assert_eq!(store.transaction(&mut tx).list(&everything).await?, []);
    /// tx.commit().await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn transaction<'t>(&self, connection: &'t mut PgConnection) -> PostgresWrites<'t> {
        let channel = self.shared.wakes.channel().to_owned();
        let statements = Arc::clone(self.shared.connections.statements());
        PostgresWrites::new(connection, statements, channel)
    }

    /// What lies between the application and the server; `None` before the first call.
    pub fn pooler_mode(&self) -> Option<PoolerMode> {
        self.shared.connections.mode()
    }

    /// Stops listening, and closes the pool, of which the host may hold other clones.
    ///
    /// Every later call ends in an error.
    pub async fn close(&self) {
        self.shared.wakes.stop();
        self.shared.connections.close().await;
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("schema", &self.shared.schema).finish()
    }
}
