//! What a borrowed transaction of the host offers.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Change, InsertOutcome, StoreResult, TaskQuery, WriteOutcome};
use crate::task::{NewTask, Task};

/// The part of a store that works inside the host's own transaction: what it writes is visible to
/// others only after the host's commit, and never was after its rollback.
///
/// The clauses of [`TaskStore`](super::TaskStore) hold, but for one: an item that another
/// transaction holds is an error of kind [`Conflict`](super::StoreErrorKind::Conflict) here and not
/// `Busy`. After any error the host rolls back and repeats its whole transaction.
#[async_trait]
pub trait TaskWrites: Send {
    /// As [`TaskStore::insert`](super::TaskStore::insert).
    async fn insert(
        &mut self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>>;

    /// As [`TaskStore::apply`](super::TaskStore::apply).
    async fn apply(
        &mut self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>>;

    /// As [`TaskStore::list`](super::TaskStore::list), with what this transaction wrote.
    async fn list(&mut self, query: &TaskQuery) -> StoreResult<Vec<Task>>;
}

#[async_trait]
impl<W: TaskWrites + ?Sized> TaskWrites for &mut W {
    async fn insert(
        &mut self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        (**self).insert(now, tasks).await
    }

    async fn apply(
        &mut self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        (**self).apply(now, changes).await
    }

    async fn list(&mut self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        (**self).list(query).await
    }
}
