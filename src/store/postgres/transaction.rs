//! The engine's writes inside a transaction of the host.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::error::{fault, held_elsewhere};
use super::sql::Statements;
use super::{change, encode, insert, query};
use crate::store::check::check_batch;
use crate::store::{Change, InsertOutcome, StoreResult, TaskQuery, TaskWrites, WriteOutcome};
use crate::task::{NewTask, Task};

/// The writes of the engine on a connection of the host, inside the transaction that is open on
/// it; from [`PostgresStore::transaction`](super::PostgresStore::transaction).
///
/// # Cancel safety
///
/// A call that was dropped may have written a part: roll back, and repeat the whole transaction.
pub struct PostgresWrites<'t> {
    connection: &'t mut PgConnection,
    statements: Arc<Statements>,
    channel: String,
}

impl<'t> PostgresWrites<'t> {
    pub(super) fn new(
        connection: &'t mut PgConnection,
        statements: Arc<Statements>,
        channel: String,
    ) -> PostgresWrites<'t> {
        PostgresWrites { connection, statements, channel }
    }

    /// Wakes engines when the host commits, and not before.
    async fn announce(&mut self, operation: &'static str) -> StoreResult<()> {
        let query = self.statements.notify.query().bind(self.channel.clone()).bind("");
        let sent = query.execute(&mut *self.connection).await;
        sent.map(drop).map_err(|cause| fault(operation, cause))
    }
}

impl fmt::Debug for PostgresWrites<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresWrites").finish_non_exhaustive()
    }
}

#[async_trait]
impl TaskWrites for PostgresWrites<'_> {
    async fn insert(
        &mut self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        const OPERATION: &str = "insert";
        check_batch(tasks)?;
        let items: Vec<&NewTask> = tasks.iter().collect();
        let inserted = insert::insert(self.connection, &self.statements, now, &items).await;
        let outcomes = inserted.map_err(|cause| fault(OPERATION, cause))?;
        if tasks.iter().any(|new| encode::is_soon(now, new.wake_at)) {
            self.announce(OPERATION).await?;
        }
        Ok(outcomes)
    }

    async fn apply(
        &mut self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        const OPERATION: &str = "apply";
        let items: Vec<&Change> = changes.iter().collect();
        let applied = change::apply(self.connection, &self.statements, now, &items).await;
        let outcomes = applied.map_err(|cause| fault(OPERATION, cause))?;
        if outcomes.contains(&WriteOutcome::Busy) {
            return Err(held_elsewhere(OPERATION));
        }
        if changes.iter().any(|change| encode::wakes(now, change)) {
            self.announce(OPERATION).await?;
        }
        Ok(outcomes)
    }

    async fn list(&mut self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        let found = query::list(self.connection, &self.statements, query).await;
        found.map_err(|cause| fault("list", cause))
    }
}
