//! The scenarios of what a reminder means, each against every store, in virtual time.

mod asked;
pub(crate) mod backends;
mod calendars;
mod cancelled;
mod failing;
#[cfg(feature = "smtp")]
mod mailed;
mod moved;
mod outage;
mod sealed;
mod senders;
mod suppressed;
mod throttled;
mod times;
#[cfg(feature = "templates")]
mod worded;

use std::sync::Arc;
use std::time::Duration;

use puntual::notify::MemoryNotifier;
use puntual::scheduler::{SchedulerBuilder, Scheduling};
use puntual::store::{TaskStore, TaskStoreExt};
use puntual::task::{Channel, EmailAddress, Entropy, Subject, Task, TaskId, What};
use puntual::testing::VirtualClock;
use puntual::time::EventTime;
use puntual::{Reminder, Reminders, Scheduler};

pub(crate) use backends::{Backend, each_store};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3_600);

/// One engine over one store, with a mailbox, a phone and a clock of its own.
pub(crate) struct Desk {
    pub(crate) clock: VirtualClock,
    pub(crate) mailbox: MemoryNotifier,
    pub(crate) phone: MemoryNotifier,
    pub(crate) store: Arc<dyn TaskStore>,
    pub(crate) scheduler: Scheduler,
}

impl Desk {
    /// A desk over `backend` at an instant.
    pub(crate) fn at(backend: &impl Backend, now: &str) -> Desk {
        Self::with(backend, now, |builder| builder)
    }

    /// A desk whose engine is put together further by `more`.
    pub(crate) fn with(
        backend: &impl Backend,
        now: &str,
        more: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder,
    ) -> Desk {
        let clock = VirtualClock::at(now);
        let (mailbox, phone) =
            (MemoryNotifier::new(Channel::EMAIL), MemoryNotifier::new(Channel::SMS));
        let store = backend.store();
        let builder = engine(&store, &clock, 1).notifier(mailbox.clone()).notifier(phone.clone());
        let scheduler = more(builder).build().unwrap();
        Desk { clock, mailbox, phone, store, scheduler }
    }

    /// Lets time pass and everything that is due then be sent; answers how many were.
    pub(crate) async fn pass(&self, time: Duration) -> u32 {
        self.clock.advance(time);
        self.scheduler.run_until_idle().await.unwrap().sent
    }

    pub(crate) async fn schedule(&self, reminder: Reminder) -> (Scheduling, TaskId) {
        let outcome = self.scheduler.schedule(reminder).await.unwrap();
        (outcome.what, outcome.id)
    }

    pub(crate) async fn task(&self, id: TaskId) -> Task {
        self.store.task(id).await.unwrap().unwrap()
    }

    /// What happened to a task, in order.
    pub(crate) async fn story(&self, id: TaskId) -> Vec<What> {
        let history = self.store.history_of(id).await.unwrap();
        history.into_iter().map(|stored| stored.entry.what).collect()
    }
}

/// An engine with its own clock and chance, before its notifiers.
pub(crate) fn engine(
    store: &Arc<dyn TaskStore>,
    clock: &VirtualClock,
    seed: u64,
) -> SchedulerBuilder {
    Scheduler::builder(store.clone()).clock(clock.clone()).entropy(Entropy::seeded(seed))
}

pub(crate) fn jane() -> EmailAddress {
    "jane@example.com".parse().unwrap()
}

pub(crate) fn booking(id: u32) -> Subject {
    Subject::new("booking", id)
}

/// A reminder about booking 1, to Jane, with fixed text; when is for the caller to say.
pub(crate) fn reminder(kind: &str) -> Reminder {
    Reminder::new(kind, &booking(1), jane()).text("Your court is booked.")
}

pub(crate) fn civil(local: &str, zone: &str) -> EventTime {
    EventTime::civil(local, zone).unwrap()
}

pub(crate) fn instant(text: &str) -> puntual::chrono::DateTime<puntual::chrono::Utc> {
    text.parse().unwrap()
}
