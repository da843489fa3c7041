//! Why has this one (not) been sent? The answer as data and as text.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::blockers::{Blocker, blockers};
use super::face::Face;
use super::redact::redacted;
use super::sentence::told;
use super::summary::TaskSummary;
use super::verdict::{Verdict, verdict};
use super::wire;
use super::worker::Worker;
use crate::scheduler::Surroundings;
use crate::store::StoredEntry;
use crate::task::{Reason, SafeText, Task, TaskState, What};
use crate::time::TzDatabase;

/// The version of the data that [`Explanation`] and [`Stats`](super::Stats) serialize to. Fields
/// may be added under one number; none is renamed or taken away.
pub const SCHEMA: u32 = 1;

/// How many entries an explanation shows; of a longer history, the last ones.
pub(super) const STEPS_MAX: usize = 1_000;

/// Why a task has, or has not, been sent.
///
/// `Display` is for people; `Serialize` gives the same as data, instants in RFC 3339. Neither holds
/// an address, a body or the host's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The version of this data: [`SCHEMA`].
    pub schema: u32,
    /// As of when.
    #[serde(serialize_with = "wire::instant")]
    pub at: DateTime<Utc>,
    /// The answer.
    pub verdict: Verdict,
    /// The task itself.
    pub task: TaskSummary,
    /// What stands in the way of a pending task, the most decisive first.
    pub blockers: Vec<Blocker>,
    /// What happened to it, oldest first; empty where its history was erased.
    pub timeline: Vec<Step>,
    /// How many older entries are not shown.
    pub steps_left_out: u64,
    /// The engines that run on this store; absent where it cannot be known.
    pub workers: Option<Vec<Worker>>,
}

/// One entry of a task's history, with its sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// When.
    #[serde(serialize_with = "wire::instant")]
    pub at: DateTime<Utc>,
    /// The same for people, on the clocks of the event too.
    pub shown_at: String,
    /// What happened.
    #[serde(serialize_with = "wire::what")]
    pub what: What,
    /// The task's state after it.
    pub state: TaskState,
    /// The same in a full sentence.
    pub sentence: String,
    /// The generation that it concerns.
    pub generation: u32,
    /// The number of the attempt that it concerns; 0 where there was none.
    pub attempt: u32,
    /// Why.
    #[serde(serialize_with = "wire::reason")]
    pub reason: Option<Reason>,
    /// The code that a provider or notifier gave.
    pub code: Option<SafeText>,
    /// Its words, with addresses redacted.
    pub detail: Option<SafeText>,
    /// What the provider calls the message.
    pub provider_id: Option<SafeText>,
    /// Sent (or expired) minus due, in microseconds.
    #[serde(rename = "lateness_us", serialize_with = "wire::micros")]
    pub lateness: Option<TimeDelta>,
    /// What comes next, and when.
    #[serde(serialize_with = "wire::instant_option")]
    pub until: Option<DateTime<Utc>>,
}

impl Step {
    fn of(stored: &StoredEntry, face: Face<'_>) -> Step {
        let entry = &stored.entry;
        Step {
            at: entry.at,
            shown_at: face.at(entry.at),
            what: entry.what,
            state: entry.state,
            sentence: told(entry, face),
            generation: entry.generation,
            attempt: entry.attempt,
            reason: entry.reason.clone(),
            code: entry.code.as_ref().map(redacted),
            detail: entry.detail.as_ref().map(redacted),
            provider_id: entry.provider_id.clone(),
            lateness: entry.lateness,
            until: entry.until,
        }
    }
}

/// Explains a task: a function of what was read.
pub(super) fn explained(
    task: &Task,
    history: &[StoredEntry],
    around: &Surroundings,
    tzdb: &TzDatabase,
) -> Explanation {
    let head = task.body.head().ok();
    let zone = head.as_ref().and_then(|head| head.event.as_ref()?.zone());
    let face = Face::new(zone, tzdb);
    let blockers = blockers(task, around, face);
    let left_out = history.len().saturating_sub(STEPS_MAX);
    Explanation {
        schema: SCHEMA,
        at: around.now,
        verdict: verdict(around.now, task, history, &blockers, face),
        task: TaskSummary::of(around.now, task, face),
        blockers,
        timeline: history.iter().skip(left_out).map(|stored| Step::of(stored, face)).collect(),
        steps_left_out: left_out as u64,
        workers: Worker::all(around),
    }
}

#[cfg(test)]
pub(super) mod tests;
