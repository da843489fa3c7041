//! Cancelling: one task, everything about a subject, everything for a person.

use std::ops::DerefMut;

use super::Desk;
use crate::scheduler::plan::cancelled;
use crate::scheduler::{CancelOutcome, ScheduleError};
use crate::store::{TaskFilter, TaskWrites};
use crate::task::{PersonKey, Reason, Subject, Task, TaskId};

impl<'t, W> Desk<W>
where
    W: DerefMut<Target = Box<dyn TaskWrites + 't>> + Send,
{
    pub(super) async fn cancel_subject(
        &mut self,
        subject: &Subject,
    ) -> Result<Vec<CancelOutcome>, ScheduleError> {
        subject.check()?;
        let tasks = self.all(TaskFilter::subject(subject.clone())).await?;
        self.cancel_all(tasks, Reason::SubjectCancelled).await
    }

    pub(super) async fn cancel_person(
        &mut self,
        person: &PersonKey,
    ) -> Result<Vec<CancelOutcome>, ScheduleError> {
        let tasks = self.all(TaskFilter::person(person.clone())).await?;
        self.cancel_all(tasks, Reason::PersonCancelled).await
    }

    pub(super) async fn cancel(
        &mut self,
        id: TaskId,
    ) -> Result<Option<CancelOutcome>, ScheduleError> {
        let tasks = self.all(TaskFilter::ids([id])).await?;
        Ok(self.cancel_all(tasks, Reason::CancelledByHost).await?.pop())
    }

    async fn cancel_all(
        &mut self,
        tasks: Vec<Task>,
        reason: Reason,
    ) -> Result<Vec<CancelOutcome>, ScheduleError> {
        let engine = self.engine.clone();
        let tzdb = engine.tzdb();
        self.change_all(tasks, |task| {
            Ok(cancelled(engine.now(), task, &reason, engine.planner(&tzdb))?)
        })
        .await
    }
}
