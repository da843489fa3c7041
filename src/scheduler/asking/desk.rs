//! Where an ask is written: directly to the store, or into the host's transaction.

use std::ops::DerefMut;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::scheduler::ScheduleError;
use crate::scheduler::engine::Engine;
use crate::scheduler::plan::{Planned, PlannedChange};
use crate::store::{
    Change, InsertOutcome, StoreError, StoreErrorKind, StoreResult, TaskFilter, TaskQuery,
    TaskWrites, WriteOutcome,
};
use crate::task::{NewTask, Task, TaskId};

/// How often a row that changes under our hands is read and planned anew.
const RACES_MAX: u32 = 20;
/// How many rows one page of a subject or person holds.
const PAGE: u32 = 500;

/// One ask under way: the engine's rules, and where to write.
pub(crate) struct Desk<W> {
    pub(super) engine: Arc<Engine>,
    pub(super) writes: W,
}

/// Writes straight to the store, and repeats what met a conflict.
pub(crate) struct Direct(Box<dyn TaskWrites>);

impl std::ops::Deref for Direct {
    type Target = Box<dyn TaskWrites>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Direct {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Desk<Direct> {
    /// Writes straight to the engine's store.
    pub(crate) fn direct(engine: Arc<Engine>) -> Desk<Direct> {
        let writes = Direct(Box::new(Straight(engine.clone())));
        Desk { engine, writes }
    }
}

struct Straight(Arc<Engine>);

impl Straight {
    /// Whether a failed call is worth another try at once.
    fn again(&self, error: &StoreError, tries: &mut u32) -> bool {
        *tries += 1;
        error.kind() == StoreErrorKind::Conflict && *tries <= self.0.config.conflicts_max
    }
}

#[async_trait]
impl TaskWrites for Straight {
    async fn insert(
        &mut self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        let mut tries = 0;
        loop {
            match self.0.store.insert(now, tasks).await {
                Err(error) if self.again(&error, &mut tries) => tokio::task::yield_now().await,
                answer => return answer,
            }
        }
    }

    async fn apply(
        &mut self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        let mut tries = 0;
        loop {
            match self.0.store.apply(now, changes).await {
                Err(error) if self.again(&error, &mut tries) => tokio::task::yield_now().await,
                answer => return answer,
            }
        }
    }

    async fn list(&mut self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        self.0.store.list(query).await
    }
}

impl<'t, W> Desk<W>
where
    W: DerefMut<Target = Box<dyn TaskWrites + 't>> + Send,
{
    pub(super) fn new(engine: Arc<Engine>, writes: W) -> Desk<W> {
        Desk { engine, writes }
    }

    /// All tasks of a filter, read to the end before the first is written.
    pub(crate) async fn all(&mut self, filter: TaskFilter) -> StoreResult<Vec<Task>> {
        let mut query = TaskQuery::new(filter, PAGE);
        let mut all = Vec::new();
        loop {
            let page = self.writes.list(&query).await?;
            let full = page.len() == PAGE as usize;
            all.extend(page);
            match all.last() {
                Some(last) if full => query = query.after(last),
                _ => return Ok(all),
            }
        }
    }

    /// Plans every task and writes what follows, in the order of their keys so that two hosts
    /// cannot wait for one another; plans anew whatever changed meanwhile.
    pub(crate) async fn change_all<O: Clone>(
        &mut self,
        tasks: Vec<Task>,
        plan: impl Fn(&Task) -> Result<PlannedChange<O>, ScheduleError>,
    ) -> Result<Vec<O>, ScheduleError> {
        let mut planned = tasks.iter().map(&plan).collect::<Result<Vec<_>, _>>()?;
        let now = self.engine.now();
        let mut order: Vec<usize> =
            (0..tasks.len()).filter(|at| planned[*at].write.is_some()).collect();
        order.sort_by(|a, b| tasks[*a].dedup_key.cmp(&tasks[*b].dedup_key));
        for group in order.chunks(PAGE as usize) {
            let changes: Vec<Change> =
                group.iter().filter_map(|at| planned[*at].write.clone()).collect();
            let outcomes = self.writes.apply(now, &changes).await?;
            for (at, outcome) in group.iter().zip(outcomes) {
                if !settled(outcome)? {
                    planned[*at] = self.change_one(tasks[*at].id, &plan).await?;
                }
            }
        }
        self.engine.wake.notify_one();
        Ok(planned.into_iter().map(|planned| planned.outcome).collect())
    }

    /// Reads, plans and writes one task until it agrees.
    async fn change_one<O>(
        &mut self,
        id: TaskId,
        plan: &impl Fn(&Task) -> Result<PlannedChange<O>, ScheduleError>,
    ) -> Result<PlannedChange<O>, ScheduleError> {
        for _ in 0..RACES_MAX {
            let query = TaskQuery::new(TaskFilter::ids([id]), 1);
            let Some(task) = self.writes.list(&query).await?.pop() else {
                return Err(ScheduleError::refused("the task was erased meanwhile"));
            };
            let Planned { write, outcome } = plan(&task)?;
            let Some(change) = write else { return Ok(Planned { write: None, outcome }) };
            let outcomes = self.writes.apply(self.engine.now(), &[change]).await?;
            for written in outcomes {
                if settled(written)? {
                    return Ok(Planned { write: None, outcome });
                }
            }
            tokio::task::yield_now().await;
        }
        let detail = "the task changed each time it was to be written";
        Err(StoreError::new(StoreErrorKind::Conflict, "apply", detail).into())
    }
}

/// Whether a write stands; `false` asks for another look at the row.
fn settled(outcome: WriteOutcome) -> Result<bool, ScheduleError> {
    match outcome {
        WriteOutcome::Written(_) => Ok(true),
        WriteOutcome::Stale | WriteOutcome::Busy => Ok(false),
        WriteOutcome::Missing => Err(ScheduleError::refused("the task was erased meanwhile")),
        WriteOutcome::Rejected(why) => Err(ScheduleError::refused(why)),
    }
}
