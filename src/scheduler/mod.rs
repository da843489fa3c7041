//! The engine: from a claimed task to its recorded outcome, and what a host asks of it.
//!
//! In reading order: [`Reminder`] is the request, [`Reminders`] what can be asked, `plan` and
//! `decide` say purely what follows, `round` and `deliver` do it, `worker` runs it for ever.

mod asking;
mod batcher;
mod brakes;
mod builder;
mod config;
mod decide;
mod deliver;
mod engine;
mod error;
mod gate;
mod handle;
mod hooks;
mod lease;
mod maintenance;
mod outcome;
mod plan;
mod recorder;
mod reminder;
mod repairing;
mod round;
mod slots;
mod suppression;
mod surroundings;
mod throttle;
mod timekeeper;
mod timing;
mod worker;

pub use asking::{Reminders, Within};
pub use brakes::Paused;
pub use builder::SchedulerBuilder;
pub use config::Config;
pub use error::{BuildError, ScheduleError, ScheduleErrorKind};
pub use handle::SchedulerHandle;
pub use hooks::{Guard, GuardAnswer, HostError, OnOutcome, Resolver};
pub(crate) use maintenance::IDENTITY;
pub use outcome::{CancelOutcome, Cancelling, Outcome, ProcessReport, ScheduleOutcome, Scheduling};
pub use plan::Resolution;
pub use reminder::{At, Reminder};
pub use suppression::{Suppression, SuppressionReason};
pub(crate) use surroundings::{Running, Surroundings};

use std::future::Future;
use std::sync::Arc;

use engine::Engine;
use tokio_util::sync::CancellationToken;

use crate::store::TaskStore;

/// The engine of one store: schedules, sends, and explains.
///
/// Clones share one engine. It does nothing by itself until it is started.
///
/// ```
/// use puntual::notify::MemoryNotifier;
/// use puntual::store::MemoryStore;
/// use puntual::task::{Channel, EmailAddress, Subject};
/// use puntual::{Reminder, Reminders, Scheduler};
///
/// # tokio_test::block_on(async {
/// let mailbox = MemoryNotifier::new(Channel::EMAIL);
/// let scheduler =
///     Scheduler::builder(MemoryStore::new()).notifier(mailbox.clone()).build()?;
///
/// let about = Subject::new("booking", 123);
/// let jane: EmailAddress = "jane@example.com".parse()?;
/// let reminder = Reminder::new("confirmation", &about, jane).text("You are booked.").now();
/// scheduler.schedule(reminder).await?;
///
/// assert_eq!(scheduler.run_until_idle().await?.sent, 1);
/// assert_eq!(mailbox.sent()[0].notification.message.text, "You are booked.");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Scheduler {
    pub(crate) engine: Arc<Engine>,
}

impl Scheduler {
    /// Begins to put an engine together over a store.
    pub fn builder(store: impl TaskStore) -> SchedulerBuilder {
        SchedulerBuilder::new(store)
    }

    /// Starts the engine in the background, in the present tokio runtime. It claims what is due,
    /// takes up what a killed process left, and survives any outage of the store.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start(&self) -> SchedulerHandle {
        SchedulerHandle::start(self.engine.clone())
    }

    /// Runs the engine until `shutdown` is ready, then waits for what is under way.
    ///
    /// # Cancel safety
    ///
    /// A dropped call gives up what is under way; it comes back when its lease ends.
    pub async fn run_until(&self, shutdown: impl Future<Output = ()>) {
        let (stop, abandon) = (CancellationToken::new(), CancellationToken::new());
        let _abandon = abandon.clone().drop_guard();
        let work = worker::run(self.engine.clone(), stop.clone(), abandon);
        tokio::pin!(work);
        tokio::select! {
            biased;
            () = shutdown => stop.cancel(),
            () = &mut work => return,
        }
        work.await;
    }

    /// One round: claims what is due, at most `limit` tasks of each channel and priority, attempts
    /// and records it, and waits for all of it.
    ///
    /// # Errors
    ///
    /// The store failed, the clocks are in doubt, or the database is sealed for another
    /// environment.
    ///
    /// # Cancel safety
    ///
    /// What a dropped call had claimed comes back when its lease ends.
    pub async fn process_due(&self, limit: u32) -> Result<ProcessReport, ScheduleError> {
        self.engine.open().await?;
        self.engine.round(limit).await
    }

    /// Rounds until nothing is due any more: for tests, and for programs that run now and then.
    ///
    /// # Errors
    ///
    /// As [`Scheduler::process_due`].
    pub async fn run_until_idle(&self) -> Result<ProcessReport, ScheduleError> {
        let mut total = ProcessReport::default();
        self.engine.open().await?;
        loop {
            let report = self.engine.round(self.engine.config.batch).await?;
            total.add(&report);
            if report.claimed == 0 {
                return Ok(total);
            }
        }
    }

    /// Does the duties beside sending once, now: recomputes due times if the rules of zones
    /// changed, blanks and prunes what is past its retention. A started engine does it by itself.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn maintain(&self) -> Result<(), ScheduleError> {
        Ok(self.engine.maintain().await?)
    }
}
