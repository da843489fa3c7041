//! What operators do: retry, resolve, pause, resume, adopt, forget.

use super::asking::Desk;
use super::brakes::{Paused, rewrite};
use super::maintenance::IDENTITY;
use super::plan::{Planner, resolved, retried};
use super::{CancelOutcome, Reminders, Resolution, ScheduleError, ScheduleOutcome, Scheduler};
use crate::store::{Erase, SEAL_NOTE, TaskFilter};
use crate::task::{InvalidField, PersonKey, Task, TaskId};

impl Scheduler {
    /// Tries a failed, held or waiting task again, now; `None` if there is no such task.
    ///
    /// # Errors
    ///
    /// The task is sent, cancelled, or being attempted; its expiry is over; or the store failed.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have been stored.
    pub async fn retry(&self, id: TaskId) -> Result<Option<ScheduleOutcome>, ScheduleError> {
        self.repair(id, |task, planner| retried(self.engine.now(), task, planner)).await
    }

    /// Decides about a held task; `None` if there is no such task.
    ///
    /// # Errors
    ///
    /// The task is not held, is to be sent again after its expiry, or the store failed.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have been stored.
    pub async fn resolve(
        &self,
        id: TaskId,
        resolution: Resolution,
    ) -> Result<Option<ScheduleOutcome>, ScheduleError> {
        self.repair(id, |task, planner| resolved(self.engine.now(), task, resolution, planner))
            .await
    }

    async fn repair(
        &self,
        id: TaskId,
        plan: impl Fn(&Task, Planner<'_>) -> Result<super::plan::PlannedChange, InvalidField>,
    ) -> Result<Option<ScheduleOutcome>, ScheduleError> {
        let mut desk = Desk::direct(self.engine.clone());
        let tasks = desk.all(TaskFilter::ids([id])).await?;
        let tzdb = self.engine.tzdb();
        let planner = self.engine.planner(&tzdb);
        Ok(desk.change_all(tasks, |task| Ok(plan(task, planner)?)).await?.pop())
    }

    /// Pauses a channel or a kind for every engine on this store. Nothing is lost: tasks wait, and
    /// expire if the pause lasts too long.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn pause(&self, what: Paused) -> Result<(), ScheduleError> {
        Ok(self.engine.brakes.pause(self.engine.now(), what).await?)
    }

    /// Ends a pause; a breaker that is open on the channel closes too.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn resume(&self, what: &Paused) -> Result<(), ScheduleError> {
        self.engine.brakes.resume(self.engine.now(), what).await?;
        self.engine.wake.notify_one();
        Ok(())
    }

    /// Takes over a database that is sealed for another environment, or that was copied or moved:
    /// from now on it belongs to this environment, where this engine has one, and what is due in it
    /// is sent.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn adopt(&self) -> Result<(), ScheduleError> {
        let engine = &self.engine;
        let (store, now) = (&*engine.store, engine.now());
        let identity = store.probe().await?.identity.0;
        rewrite(store, now, IDENTITY, |_| Some(identity.clone())).await?;
        if let Some(environment) = &engine.environment {
            rewrite(store, now, SEAL_NOTE, |_| Some(environment.clone())).await?;
        }
        tracing::warn!(environment = ?engine.environment, %identity, "the database was adopted");
        engine.wake.notify_one();
        Ok(())
    }

    /// Forgets a person: cancels what is pending and erases everything of the person that has
    /// finished. What is being sent at this moment is erased by maintenance once it has its
    /// outcome.
    ///
    /// What the person did not want stays so ([`suppress`](Scheduler::suppress)): no address is
    /// stored for that.
    ///
    /// # Errors
    ///
    /// The store failed; repeat the call.
    pub async fn forget(&self, person: &PersonKey) -> Result<Vec<CancelOutcome>, ScheduleError> {
        self.engine.note_forget(person).await?;
        let outcomes = self.cancel_person(person).await?;
        self.engine.erase_all(&Erase::Person(person.clone())).await?;
        self.engine.forget_the_forgotten().await?;
        Ok(outcomes)
    }
}
