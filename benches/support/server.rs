//! A throwaway Postgres for a bench, and stores with rows in it. Durability is as in production.

use puntual::store::{PostgresStore, SchemaName};
use puntual::time::{Clock, SystemClock};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::engine::idle;
use super::{Result, rows};

#[path = "../../tests/it/servers/mod.rs"]
#[allow(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "a part, made for tests")]
mod servers;

use servers::postgres::{OwnServer, installed};

/// What a small server of a host has; whatever the tests' server saves on is switched on again.
const SETTINGS: &str = "-c fsync=on -c synchronous_commit=on -c full_page_writes=on \
    -c autovacuum=on -c shared_buffers=256MB -c max_wal_size=2GB -c log_min_messages=warning";

/// The schema with the rows of which each round gets a copy.
const MODEL: &str = "model";

/// A server, and how to reach it.
pub(crate) struct Server {
    server: OwnServer,
    options: PgConnectOptions,
}

impl Server {
    /// `None`, and a word about it, where no server is installed.
    pub(crate) async fn start() -> Result<Option<Server>> {
        if installed().is_none() {
            println!("no Postgres server is installed: its figures are left out");
            return Ok(None);
        }
        let server = OwnServer::start_with(SETTINGS);
        let options = server.options();
        let server = Server { server, options };
        let mut connection = server.connect().await?;
        let version = sqlx::query_scalar::<_, String>("select version()");
        let version = version.fetch_one(&mut connection).await?;
        println!("server: {version}, {SETTINGS}");
        connection.close().await?;
        Ok(Some(server))
    }

    pub(crate) fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    pub(crate) async fn connect(&self) -> Result<PgConnection> {
        Ok(self.options.connect().await?)
    }

    /// A pool of one connection.
    pub(crate) async fn pool(&self) -> Result<PgPool> {
        let pool = PgPoolOptions::new().max_connections(1);
        Ok(pool.connect_with(self.options.clone()).await?)
    }

    /// A process of its own, as far as the database can tell: a pool of as many connections as
    /// the store makes by itself.
    pub(crate) async fn process(&self, schema: &str) -> Result<PostgresStore> {
        let options = self.server.options().application_name("bench");
        let pool = PgPoolOptions::new().max_connections(8).connect_with(options).await?;
        Ok(PostgresStore::new(pool).with_schema(SchemaName::new(schema)?))
    }

    /// An empty store in a schema that is made anew.
    pub(crate) async fn empty(&self, schema: &str) -> Result<PostgresStore> {
        self.run(&format!("drop schema if exists {schema} cascade")).await?;
        let store = self.process(schema).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Makes the rows of which the rounds get copies: so many, due at once.
    pub(crate) async fn model(&self, count: u64) -> Result<()> {
        let store = self.empty(MODEL).await?;
        rows::fill(&idle(store.clone())?, SystemClock::new().now(), 0, count).await?;
        store.pool().close().await;
        Ok(())
    }

    /// A store with a copy of the model's rows.
    pub(crate) async fn copy(&self, schema: &str) -> Result<PostgresStore> {
        let store = self.empty(schema).await?;
        self.copy_into(schema).await?;
        self.run(&format!("insert into {schema}.notes select * from {MODEL}.notes")).await?;
        Ok(store)
    }

    /// Tables for the raw reference, with a copy of the model's rows.
    pub(crate) async fn copy_raw(&self) -> Result<()> {
        self.empty_raw(MODEL).await?;
        self.copy_into("raw").await
    }

    /// Tables for the raw reference, laid out as those of a store.
    pub(crate) async fn empty_raw(&self, like: &str) -> Result<()> {
        self.run("drop schema if exists raw cascade; create schema raw").await?;
        let tables = include_str!("../raw/postgres/schema.sql");
        self.run(&tables.replace("puntual.", &format!("{like}."))).await
    }

    async fn copy_into(&self, schema: &str) -> Result<()> {
        for (table, order) in [("tasks", "id"), ("task_history", "task_id, entry_id")] {
            let copy = format!("insert into {schema}.{table} select * from {MODEL}.{table}");
            self.run(&format!("{copy} order by {order}")).await?;
            self.run(&format!("vacuum analyze {schema}.{table}")).await?;
        }
        self.run("checkpoint").await
    }

    /// Future rows, so many, beside what there is.
    pub(crate) async fn add_future(&self, schema: &str, count: u64) -> Result<()> {
        let statement = include_str!("future.sql").replace("puntual.", &format!("{schema}."));
        self.run(&statement.replace("1000000", &count.to_string())).await?;
        self.run(&format!("vacuum analyze {schema}.tasks")).await?;
        self.run("checkpoint").await
    }

    /// Runs statements of ours.
    pub(crate) async fn run(&self, statements: &str) -> Result<()> {
        let mut connection = self.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// One number that the server tells.
    pub(crate) async fn ask(&self, question: &str) -> Result<i64> {
        let mut connection = self.connect().await?;
        let question = AssertSqlSafe(question.to_owned());
        let answer = sqlx::query_scalar(question).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(answer)
    }
}
