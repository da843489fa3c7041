//! Promises of the engine under circumstances that are easily overlooked.

mod bent;
mod brakes;
mod clocks;
mod left_behind;
mod loops;
mod moves;
mod promises;
mod recorder;
mod stop;

use puntual::Scheduler;
use puntual::scheduler::SchedulerBuilder;
use puntual::store::TaskStore;
use puntual::task::Entropy;
use puntual::testing::VirtualClock;

/// One more engine on a store that others work on too, with their clock.
fn another(store: impl TaskStore, clock: &VirtualClock) -> SchedulerBuilder {
    Scheduler::builder(store).clock(clock.clone()).entropy(Entropy::seeded(7))
}
