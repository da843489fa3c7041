//! Connections: on which one a call runs, in a task of its own, and what a pooler between us and
//! the server forbids there.
//!
//! A pooler in transaction mode lends a session of the server for one transaction. Prepared
//! statements stay behind in that session, where other clients find them under the same names, so
//! there a call runs unnamed statements, all in one explicit transaction.

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Connection, Row};

use super::error::{Sql, fault, gone};
use super::schema::SchemaName;
use super::sql::{Statements, Use};
use crate::store::StoreResult;

/// How often each of two connections is asked for its session.
const ASKED: usize = 3;

/// What lies between the application and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PoolerMode {
    /// A connection keeps its session: there is no pooler, or one in session mode.
    Session,
    /// A pooler lends a session for one transaction (PgBouncer's `pool_mode = transaction`, and
    /// others that work like it). It costs two round trips a call, and nothing can listen through
    /// it.
    Transaction,
}

/// Connections of a pool, and the statements that may run on them.
pub(super) struct Connections {
    pool: PgPool,
    cached: Arc<Statements>,
    unnamed: Arc<Statements>,
    /// Set by the host, or found out by the first call.
    mode: OnceLock<PoolerMode>,
}

impl Connections {
    pub(super) fn new(pool: PgPool, schema: &SchemaName, mode: Option<PoolerMode>) -> Connections {
        Connections {
            pool,
            cached: Arc::new(Statements::new(schema, Use::Cached)),
            unnamed: Arc::new(Statements::new(schema, Use::Unnamed)),
            mode: mode.map(OnceLock::from).unwrap_or_default(),
        }
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// What lies between, once it is known.
    pub(super) fn mode(&self) -> Option<PoolerMode> {
        self.mode.get().copied()
    }

    /// What may run on a connection of the host, of which nothing is known but its pool.
    pub(super) fn statements(&self) -> &Arc<Statements> {
        match self.mode() {
            Some(PoolerMode::Session) => &self.cached,
            Some(PoolerMode::Transaction) | None => &self.unnamed,
        }
    }

    /// Works on a connection of the pool, in a task of its own: a connection whose user was dropped
    /// in the middle of a statement or transaction would go back to the pool as it was.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        operation: &'static str,
        what: impl for<'c> FnOnce(&'c mut PgConnection, &'c Statements) -> BoxFuture<'c, Sql<T>>
        + Send
        + 'static,
    ) -> StoreResult<T> {
        self.run_as(operation, None, what).await
    }

    /// The same, with all that it reads as of one moment.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        operation: &'static str,
        what: impl for<'c> FnOnce(&'c mut PgConnection, &'c Statements) -> BoxFuture<'c, Sql<T>>
        + Send
        + 'static,
    ) -> StoreResult<T> {
        self.run_as(operation, Some("begin isolation level repeatable read read only"), what).await
    }

    async fn run_as<T: Send + 'static>(
        self: &Arc<Self>,
        operation: &'static str,
        begin: Option<&'static str>,
        what: impl for<'c> FnOnce(&'c mut PgConnection, &'c Statements) -> BoxFuture<'c, Sql<T>>
        + Send
        + 'static,
    ) -> StoreResult<T> {
        let connections = Arc::clone(self);
        let answer = tokio::spawn(async move {
            let mut connection = connections.pool.acquire().await?;
            let (begin, statements) = match connections.settled(&mut connection).await? {
                PoolerMode::Session => (begin, &connections.cached),
                PoolerMode::Transaction => (begin.or(Some("begin")), &connections.unnamed),
            };
            let Some(begin) = begin else { return what(&mut connection, statements).await };
            let mut transaction = connection.begin_with(begin).await?;
            let answer = what(&mut transaction, statements).await?;
            transaction.commit().await?;
            Ok(answer)
        });
        match answer.await {
            Ok(answer) => answer.map_err(|cause| fault(operation, cause)),
            Err(_) => Err(gone(operation)),
        }
    }

    /// The mode, asked for where nothing has run yet.
    pub(super) async fn find_mode(&self) -> Sql<PoolerMode> {
        match self.mode() {
            Some(mode) => Ok(mode),
            None => self.settled(&mut *self.pool.acquire().await?).await,
        }
    }

    /// The mode, found out where it is not known yet. As long as it cannot be found out, the
    /// careful one.
    async fn settled(&self, connection: &mut PgConnection) -> Sql<PoolerMode> {
        if let Some(mode) = self.mode() {
            return Ok(mode);
        }
        let options = (*self.pool.connect_options()).clone();
        let Ok(mut other) = PgConnection::connect_with(&options).await else {
            return Ok(PoolerMode::Transaction);
        };
        let found = mode_between(connection, &mut other).await?;
        // It has answered all that it was asked.
        let _ = other.close().await;
        Ok(*self.mode.get_or_init(|| found))
    }
}

/// Two connections that are open at the same time have a session each, and keep it, unless a
/// pooler hands sessions around: an idle one gives both the same session, a busy one changes them.
async fn mode_between(one: &mut PgConnection, other: &mut PgConnection) -> Sql<PoolerMode> {
    let (first, second) = (session(one).await?, session(other).await?);
    if first == second {
        return Ok(PoolerMode::Transaction);
    }
    for _ in 1..ASKED {
        if session(one).await? != first || session(other).await? != second {
            return Ok(PoolerMode::Transaction);
        }
    }
    Ok(PoolerMode::Session)
}

/// The process of the server that answers: by the simple protocol, which every pooler passes on.
pub(super) async fn session(connection: &mut PgConnection) -> Sql<i32> {
    let row = sqlx::raw_sql(include_str!("sql/session.sql")).fetch_one(connection).await?;
    row.try_get(0)
}
