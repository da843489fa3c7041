//! Conveniences over a store, for its callers.

use async_trait::async_trait;

use super::{HistoryQuery, StoreResult, StoredEntry, TaskFilter, TaskQuery, TaskStore};
use crate::task::{Task, TaskId};

/// How many rows one page of a walk holds.
const PAGE: u32 = 500;

/// Conveniences over any [`TaskStore`]; nothing here needs to be written by its authors.
#[async_trait]
pub trait TaskStoreExt: TaskStore {
    /// One task by its id.
    async fn task(&self, id: TaskId) -> StoreResult<Option<Task>> {
        Ok(self.list(&TaskQuery::new(TaskFilter::ids([id]), 1)).await?.pop())
    }

    /// All tasks of a filter, page by page. For tests and small sets: it keeps them all.
    async fn all(&self, filter: TaskFilter) -> StoreResult<Vec<Task>> {
        let mut query = TaskQuery::new(filter, PAGE);
        let mut all = Vec::new();
        loop {
            let page = self.list(&query).await?;
            let full = page.len() == PAGE as usize;
            all.extend(page);
            match all.last() {
                Some(last) if full => query = query.after(last),
                _ => return Ok(all),
            }
        }
    }

    /// The whole history of one task, oldest first.
    async fn history_of(&self, id: TaskId) -> StoreResult<Vec<StoredEntry>> {
        let mut query = HistoryQuery::of(id, PAGE);
        let mut all = Vec::new();
        loop {
            let page = self.history(&query).await?;
            let full = page.len() == PAGE as usize;
            all.extend(page);
            match all.last() {
                Some(last) if full => query = query.after(last),
                _ => return Ok(all),
            }
        }
    }
}

impl<S: TaskStore + ?Sized> TaskStoreExt for S {}
