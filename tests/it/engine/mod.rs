//! The started engine: its loop, its sleep, its stop, and its clocks.

mod clocks;
mod hooks;
mod host;
mod outages;
mod room;
mod suppression;
mod throttle;
mod worker;

use std::sync::Arc;

use puntual::Scheduler;
use puntual::store::{MemoryStore, TaskStore};
use puntual::task::{Channel, Entropy};
use puntual::testing::{ScriptedNotifier, VirtualClock};

pub(crate) const START: &str = "2026-07-01T00:00:00Z";

/// An engine over a memory store, with a scripted notifier and a virtual clock.
pub(crate) struct Running {
    pub(crate) clock: VirtualClock,
    pub(crate) store: MemoryStore,
    pub(crate) mailbox: ScriptedNotifier,
    pub(crate) scheduler: Scheduler,
}

impl Running {
    pub(crate) fn new(mailbox: ScriptedNotifier) -> Running {
        let store = MemoryStore::new();
        Self::over(Arc::new(store.clone()), store, mailbox)
    }

    /// An engine over `wrapped`, which stands in front of `store`.
    pub(crate) fn over(
        wrapped: Arc<dyn TaskStore>,
        store: MemoryStore,
        mailbox: ScriptedNotifier,
    ) -> Running {
        let clock = VirtualClock::at(START);
        let scheduler = Scheduler::builder(wrapped)
            .notifier(mailbox.clone())
            .clock(clock.clone())
            .entropy(Entropy::seeded(1))
            .build()
            .unwrap();
        Running { clock, store, mailbox, scheduler }
    }
}

pub(crate) fn mailbox() -> ScriptedNotifier {
    ScriptedNotifier::new(Channel::EMAIL)
}
