//! The host no longer wants a message.

use chrono::{DateTime, Utc};

use super::super::{CancelOutcome, Cancelling};
use super::{Planned, PlannedChange, Planner};
use crate::store::{Change, LeaseChange};
use crate::task::{Body, InvalidField, Reason, Task, TaskState, What};

/// Plans the cancelling of `task`: at once, unless bytes may have left already. The reason says
/// what the host cancelled: this task, everything about its subject, or for its person.
pub(crate) fn cancelled(
    now: DateTime<Utc>,
    task: &Task,
    reason: &Reason,
    planner: Planner<'_>,
) -> Result<PlannedChange<CancelOutcome>, InvalidField> {
    let outcome = |what, state| CancelOutcome { what, id: task.id, kind: task.kind.clone(), state };
    if task.is_finished() {
        let outcome = outcome(Cancelling::AlreadyFinished, task.state);
        return Ok(Planned { write: None, outcome });
    }
    let in_flight = planner.in_flight(now, task);
    let body = task.body.decode(&task.data).ok();
    if let Some(body) = body.as_ref().filter(|_| in_flight) {
        let write = request(now, task, body.clone(), reason, planner)?;
        return Ok(Planned { write, outcome: outcome(Cancelling::PendingSending, task.state) });
    }
    let mut entry = planner.entry(now, task.id, What::Cancelled, TaskState::Cancelled);
    entry.reason = Some(reason.clone());
    entry.generation = body.map_or(1, |body| body.head.generation);
    entry.attempt = task.attempts;
    let mut change = Change::of(task, entry);
    change.state = TaskState::Cancelled;
    change.wake_at = None;
    change.lease = LeaseChange::Clear;
    // No word can be left in a body that cannot be read: it is over, but it may still arrive.
    let what = if in_flight { Cancelling::PendingSending } else { Cancelling::Cancelled };
    let outcome = outcome(what, TaskState::Cancelled);
    Ok(Planned { write: Some(change), outcome })
}

/// Leaves word in the body that the attempt under way shall be the last.
fn request(
    now: DateTime<Utc>,
    task: &Task,
    mut body: Body,
    reason: &Reason,
    planner: Planner<'_>,
) -> Result<Option<Change>, InvalidField> {
    if body.memory.cancel_requested.is_some() {
        return Ok(None);
    }
    body.memory.cancel_requested = Some(reason.as_str().to_owned());
    let mut entry = planner.entry(now, task.id, What::CancelRequested, task.state);
    entry.reason = Some(reason.clone());
    entry.generation = body.head.generation;
    let mut change = Change::of(task, entry);
    change.body = Some(body.encode(&task.data)?);
    Ok(Some(change))
}
