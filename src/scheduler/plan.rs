//! What a request does to the rows there are: schedule, schedule again, move, cancel, repair.
//!
//! Everything here is a function of values: no clock, no store, nothing to wait for.

mod again;
mod cancel;
mod repair;

pub(crate) use again::{moved, scheduled_again};
pub(crate) use cancel::cancelled;
pub use repair::Resolution;
pub(crate) use repair::{recomputed, resolved, retried};

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::reminder::Checked;
use super::timing::{Rules, Timing, timing};
use super::{ScheduleOutcome, Scheduling};
use crate::store::Change;
use crate::task::{
    Body, Channel, Entropy, EntryId, HistoryEntry, InvalidField, NewTask, SafeText, Task, TaskId,
    TaskState, What,
};

/// What planning needs besides the request and the row.
#[derive(Clone, Copy)]
pub(crate) struct Planner<'a> {
    pub(crate) rules: Rules<'a>,
    pub(crate) entropy: &'a Entropy,
    /// The channels whose hand-off is marked in the store. On any other channel a live lease
    /// counts as handed off.
    pub(crate) marking: &'a BTreeSet<Channel>,
}

impl Planner<'_> {
    /// A new entry of the history.
    pub(crate) fn entry(
        &self,
        now: DateTime<Utc>,
        task: TaskId,
        what: What,
        state: TaskState,
    ) -> HistoryEntry {
        HistoryEntry::new(EntryId::new(now, self.entropy), task, now, what, state)
    }

    /// Whether bytes of the row may have left, so that move and cancel only leave word.
    pub(crate) fn in_flight(&self, now: DateTime<Utc>, task: &Task) -> bool {
        task.state == TaskState::Sending
            || task.is_leased(now) && !self.marking.contains(&task.channel)
    }
}

/// What is to be written, and what the host hears if the write succeeds.
#[derive(Debug, Clone)]
pub(crate) struct Planned<W, O> {
    pub(crate) write: W,
    pub(crate) outcome: O,
}

/// A row to insert, with its outcome.
pub(crate) type PlannedInsert = Planned<NewTask, ScheduleOutcome>;
/// A change, unless nothing changes, with its outcome.
pub(crate) type PlannedChange<O = ScheduleOutcome> = Planned<Option<Change>, O>;

/// Plans a row that does not exist yet.
pub(crate) fn scheduled(
    now: DateTime<Utc>,
    ask: &Checked,
    planner: Planner<'_>,
) -> Result<PlannedInsert, InvalidField> {
    let timing = timing(now, ask.event.as_ref(), &ask.trigger, &ask.request, planner.rules)?;
    let id = TaskId::new(now, planner.entropy);
    let state = state_of(&timing);
    let what = if timing.skip.is_some() { What::Skipped } else { What::Scheduled };
    let mut entry = planner.entry(now, id, what, state);
    entry.reason.clone_from(&timing.skip);
    entry.until = Some(timing.times.due_at);
    let mut body = Body::new(ask.event.clone(), ask.trigger.clone(), ask.request.clone());
    body.memory.tzdb = planner.rules.tzdb.version().to_string();
    let new = NewTask {
        state,
        priority: ask.priority,
        event_at: timing.times.event_at,
        wake_at: timing.skip.is_none().then_some(timing.times.due_at),
        recipient: SafeText::new(ask.request.to.address().redacted()),
        data: ask.data.clone(),
        body: body.encode(&ask.data)?,
        ..NewTask::new(
            id,
            ask.kind.clone(),
            ask.about.clone(),
            ask.person.clone(),
            ask.channel.clone(),
            timing.times.due_at,
            timing.times.expires_at,
            entry,
        )
    };
    let outcome = ScheduleOutcome {
        what: if timing.skip.is_some() { Scheduling::Skipped } else { Scheduling::Scheduled },
        id,
        kind: ask.kind.clone(),
        state,
        due_at: timing.times.due_at,
        reason: timing.skip,
    };
    Ok(Planned { write: new, outcome })
}

fn state_of(timing: &Timing) -> TaskState {
    if timing.skip.is_some() { TaskState::Skipped } else { TaskState::Scheduled }
}

/// The answer for a row that stays as it is.
pub(crate) fn unchanged(task: &Task) -> PlannedChange {
    Planned { write: None, outcome: outcome_of(task, Scheduling::Unchanged) }
}

fn outcome_of(task: &Task, what: Scheduling) -> ScheduleOutcome {
    ScheduleOutcome {
        what,
        id: task.id,
        kind: task.kind.clone(),
        state: task.state,
        due_at: task.due_at,
        reason: None,
    }
}
