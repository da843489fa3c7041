//! What a host asks: schedule, move, cancel; by itself, or inside its own transaction.

mod cancel;
mod desk;
mod schedule;

pub(crate) use desk::Desk;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::engine::Engine;
use super::{CancelOutcome, Reminder, ScheduleError, ScheduleOutcome, Scheduler};
use crate::store::TaskWrites;
use crate::task::{PersonKey, Subject, TaskId};
use crate::time::EventTime;

/// What a host asks of the engine.
///
/// [`Scheduler`] does it at once, [`Within`] inside a transaction of the host. A handler takes
/// `&dyn Reminders`, and a test hands it a mock.
///
/// All calls may be repeated: a reminder that is scheduled twice is there once.
///
/// # Cancel safety
///
/// A dropped call may have been stored, in whole or (for calls about several tasks, outside a
/// transaction) in part. Repeating it completes it.
#[async_trait]
pub trait Reminders: Send + Sync {
    /// Schedules one reminder.
    ///
    /// # Errors
    ///
    /// A value is refused, or the store failed; the kind says what to do.
    async fn schedule(&self, reminder: Reminder) -> Result<ScheduleOutcome, ScheduleError>;

    /// Schedules several reminders; answers match them one to one.
    ///
    /// # Errors
    ///
    /// As [`Reminders::schedule`]; everything is checked before the first is stored.
    async fn schedule_all(
        &self,
        reminders: Vec<Reminder>,
    ) -> Result<Vec<ScheduleOutcome>, ScheduleError>;

    /// The event of a subject takes place at another time: all of its reminders move.
    ///
    /// # Errors
    ///
    /// The time is refused, or the store failed.
    async fn move_subject(
        &self,
        subject: &Subject,
        event: EventTime,
    ) -> Result<Vec<ScheduleOutcome>, ScheduleError>;

    /// Nothing more about a subject is to go out.
    ///
    /// # Errors
    ///
    /// The subject is refused, or the store failed.
    async fn cancel_subject(&self, subject: &Subject) -> Result<Vec<CancelOutcome>, ScheduleError>;

    /// Nothing more is to go to a person, whatever it is about.
    ///
    /// # Errors
    ///
    /// The store failed.
    async fn cancel_person(&self, person: &PersonKey) -> Result<Vec<CancelOutcome>, ScheduleError>;

    /// One task is not to go out; `None` if there is no such task.
    ///
    /// # Errors
    ///
    /// The store failed.
    async fn cancel(&self, id: TaskId) -> Result<Option<CancelOutcome>, ScheduleError>;
}

macro_rules! asks {
    ($asker:ty) => {
        #[async_trait]
        impl Reminders for $asker {
            async fn schedule(&self, reminder: Reminder) -> Result<ScheduleOutcome, ScheduleError> {
                let all = self.desk().await.schedule_all(vec![reminder]).await?;
                let missing = || ScheduleError::refused("the store answered for no reminder");
                all.into_iter().next().ok_or_else(missing)
            }

            async fn schedule_all(
                &self,
                reminders: Vec<Reminder>,
            ) -> Result<Vec<ScheduleOutcome>, ScheduleError> {
                self.desk().await.schedule_all(reminders).await
            }

            async fn move_subject(
                &self,
                subject: &Subject,
                event: EventTime,
            ) -> Result<Vec<ScheduleOutcome>, ScheduleError> {
                self.desk().await.move_subject(subject, &event).await
            }

            async fn cancel_subject(
                &self,
                subject: &Subject,
            ) -> Result<Vec<CancelOutcome>, ScheduleError> {
                self.desk().await.cancel_subject(subject).await
            }

            async fn cancel_person(
                &self,
                person: &PersonKey,
            ) -> Result<Vec<CancelOutcome>, ScheduleError> {
                self.desk().await.cancel_person(person).await
            }

            async fn cancel(&self, id: TaskId) -> Result<Option<CancelOutcome>, ScheduleError> {
                self.desk().await.cancel(id).await
            }
        }
    };
}

asks!(Scheduler);

impl Scheduler {
    #[allow(clippy::unused_async, reason = "the desk of a transaction waits for it")]
    async fn desk(&self) -> Desk<desk::Direct> {
        Desk::direct(self.engine.clone())
    }

    /// Asks inside a transaction of the host: visible to others, and sent, only after its commit.
    ///
    /// ```no_run
    /// # use puntual::store::{MemoryStore, MemoryTransaction};
    /// # use puntual::{Reminder, Reminders, Scheduler};
    /// # async fn book(
    /// #     scheduler: Scheduler, store: MemoryStore, reminders: Vec<Reminder>,
    /// # ) -> Result<(), puntual::ScheduleError> {
    /// let mut tx = store.begin();
    /// // .. the host's own writes ..
    /// scheduler.within(store.transaction(&mut tx)).schedule_all(reminders).await?;
    /// tx.commit();
    /// # Ok(())
    /// # }
    /// ```
    pub fn within<'t>(&self, writes: impl TaskWrites + 't) -> Within<'t> {
        Within { engine: self.engine.clone(), writes: Mutex::new(Box::new(writes)) }
    }
}

/// The engine inside a transaction of the host; made by [`Scheduler::within`].
///
/// After any error of the store the transaction must be rolled back, and repeated as a whole.
pub struct Within<'t> {
    engine: Arc<Engine>,
    writes: Mutex<Box<dyn TaskWrites + 't>>,
}

impl std::fmt::Debug for Within<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Within").finish_non_exhaustive()
    }
}

impl<'t> Within<'t> {
    async fn desk(&self) -> Desk<tokio::sync::MutexGuard<'_, Box<dyn TaskWrites + 't>>> {
        Desk::new(self.engine.clone(), self.writes.lock().await)
    }
}

asks!(Within<'_>);
