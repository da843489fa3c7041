//! Questions about what is stored: why has this one (not) been sent, what happened to it, and how
//! does the whole stand?
//!
//! They are methods of the engine that only read: [`Scheduler::explain`],
//! [`Scheduler::explain_subject`], [`Scheduler::history`], [`Scheduler::stats`] and
//! [`Scheduler::doctor`]. Each answer is data (`Serialize`, with a schema number) and text
//! (`Display`). An explanation holds no address, no body and none of the host's data.
//!
//! [`Scheduler::doctor`]: crate::Scheduler::doctor
//! [`Scheduler::explain`]: crate::Scheduler::explain
//! [`Scheduler::explain_subject`]: crate::Scheduler::explain_subject
//! [`Scheduler::history`]: crate::Scheduler::history
//! [`Scheduler::stats`]: crate::Scheduler::stats

mod asking;
mod blockers;
mod doctor;
mod explain;
mod face;
mod recent;
mod redact;
mod sentence;
mod show;
mod show_stats;
mod stats;
mod summary;
mod symptoms;
mod verdict;
mod wire;
mod worker;

pub use blockers::{Blocker, Obstacle};
pub use doctor::{Ailment, Diagnosis, Finding, Severity};
pub use explain::{Explanation, SCHEMA, Step};
pub use recent::{LastDay, Lateness, ReasonCount};
pub use sentence::sentence;
pub use stats::{BreakerStanding, PauseStanding, Stats};
pub use summary::{LeaseSummary, TaskSummary};
pub use verdict::{Standing, Verdict};
pub use worker::Worker;
