//! The engine's writes inside a transaction of the host.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::encode::{ApplyItem, InsertItem};
use super::error::fault;
use super::{change, insert, query};
use crate::store::check::check_batch;
use crate::store::{Change, InsertOutcome, StoreResult, TaskQuery, TaskWrites, WriteOutcome};
use crate::task::{NewTask, Task};

/// The writes of the engine on a connection of the host, inside the transaction that is open on
/// it; from [`SqliteStore::transaction`](super::SqliteStore::transaction).
///
/// # Cancel safety
///
/// A call that was dropped may have written a part: roll back, and repeat the whole transaction.
#[derive(Debug)]
pub struct SqliteWrites<'t>(&'t mut SqliteConnection);

impl<'t> SqliteWrites<'t> {
    pub(super) fn new(connection: &'t mut SqliteConnection) -> SqliteWrites<'t> {
        SqliteWrites(connection)
    }
}

#[async_trait]
impl TaskWrites for SqliteWrites<'_> {
    async fn insert(
        &mut self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        check_batch(tasks)?;
        let items: Vec<InsertItem> = tasks.iter().map(|task| InsertItem::new(now, task)).collect();
        let items: Vec<&InsertItem> = items.iter().collect();
        insert::insert(self.0, &items).await.map_err(|cause| fault("insert", cause))
    }

    async fn apply(
        &mut self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        let items: Vec<ApplyItem> =
            changes.iter().map(|change| ApplyItem::new(now, change)).collect();
        let items: Vec<&ApplyItem> = items.iter().collect();
        change::apply(self.0, &items).await.map_err(|cause| fault("apply", cause))
    }

    async fn list(&mut self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        query::list(self.0, query).await.map_err(|cause| fault("list", cause))
    }
}
