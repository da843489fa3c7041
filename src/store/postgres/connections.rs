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

use super::error::{Sql, fault, gone, lost_race};
use super::schema::SchemaName;
use super::sql::{Statements, Use};
use super::warm::Warm;
use crate::store::StoreResult;

/// How often each of two connections is asked for its session.
const ASKED: usize = 3;

/// How often a call that lost a race is repeated: each time somebody else won one, so that more
/// losses in a row are a crowd, and the caller's to hear of.
const LOST_RACES_MAX: u32 = 20;

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

/// The transaction around a call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Around {
    /// None but where a pooler asks for one.
    AsNeeded,
    /// One that sees a single moment.
    Snapshot,
    /// None: the call makes its own.
    Nothing,
}

/// Connections of a pool, and the statements that may run on them.
pub(super) struct Connections {
    pool: PgPool,
    warm: Warm,
    cached: Arc<Statements>,
    unnamed: Arc<Statements>,
    /// Set by the host, or found out by the first call.
    mode: OnceLock<PoolerMode>,
}

impl Connections {
    pub(super) fn new(pool: PgPool, schema: &SchemaName, mode: Option<PoolerMode>) -> Connections {
        Connections {
            warm: Warm::new(pool.clone()),
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
    /// in the middle of a statement or transaction would go back to the pool as it was. What lost
    /// a race is repeated at once: where the role's transactions are serializable, any may.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        around: Around,
        operation: &'static str,
        what: impl for<'c> Fn(&'c mut PgConnection, &'c Statements) -> BoxFuture<'c, Sql<T>>
        + Send
        + Sync
        + 'static,
    ) -> StoreResult<T> {
        let connections = Arc::clone(self);
        let answer = tokio::spawn(async move {
            let mut lent = connections.warm.acquire().await?;
            let mut losses = 0;
            loop {
                match connections.run_once(&mut lent.connection, around, &what).await {
                    Ok(answer) => {
                        connections.warm.keep(lent);
                        return Ok(answer);
                    }
                    Err(cause) if lost_race(&cause) && losses < LOST_RACES_MAX => losses += 1,
                    Err(cause) => {
                        connections.warm.clear();
                        return Err(cause);
                    }
                }
            }
        });
        match answer.await {
            Ok(answer) => answer.map_err(|cause| fault(operation, cause)),
            Err(_) => Err(gone(operation)),
        }
    }

    async fn run_once<T>(
        &self,
        connection: &mut PgConnection,
        around: Around,
        what: impl for<'c> Fn(&'c mut PgConnection, &'c Statements) -> BoxFuture<'c, Sql<T>>,
    ) -> Sql<T> {
        let mode = self.settled(connection).await?;
        let statements = match mode {
            PoolerMode::Session => &self.cached,
            PoolerMode::Transaction => &self.unnamed,
        };
        let begin = match (around, mode) {
            (Around::Snapshot, _) => "begin isolation level repeatable read read only",
            (Around::AsNeeded, PoolerMode::Transaction) => "begin",
            (Around::AsNeeded, PoolerMode::Session) | (Around::Nothing, _) => {
                return what(connection, statements).await;
            }
        };
        let mut transaction = connection.begin_with(begin).await?;
        let answer = what(&mut transaction, statements).await?;
        transaction.commit().await?;
        Ok(answer)
    }

    /// Closes the pool, once what is under way has ended.
    pub(super) async fn close(&self) {
        let closing = self.pool.close();
        self.warm.clear();
        closing.await;
    }

    /// The mode, asked for where nothing has run yet; `None` as long as it cannot be found out.
    pub(super) async fn find_mode(&self) -> Sql<Option<PoolerMode>> {
        if self.mode().is_none() {
            self.settled(&mut *self.pool.acquire().await?).await?;
        }
        Ok(self.mode())
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
