//! What people and new zone rules do to a row: retry, resolve, recompute.

use chrono::{DateTime, Utc};

use super::super::timing::timing_or_skip;
use super::{Planned, PlannedChange, Planner, outcome_of, state_of, unchanged};
use crate::scheduler::Scheduling;
use crate::store::{Change, LeaseChange};
use crate::task::{InvalidField, Reason, Rule, SafeText, Task, TaskState, What};

/// What a person found out about a message that may have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resolution {
    /// It arrived.
    Sent,
    /// It did not arrive, or it does no harm to send it again.
    Resend,
}

/// Plans another try of a failed, held or waiting task, now.
///
/// # Errors
///
/// The row is sent, cancelled or in flight, or its expiry is over.
pub(crate) fn retried(
    now: DateTime<Utc>,
    task: &Task,
    planner: Planner<'_>,
) -> Result<PlannedChange, InvalidField> {
    let refuse = |rule: String| Err(InvalidField::new("id", Rule::Contradiction, rule));
    match task.state {
        TaskState::Scheduled if task.is_leased(now) => {
            return refuse("the task is being attempted at this moment".to_owned());
        }
        TaskState::Scheduled | TaskState::Held | TaskState::Failed => {}
        state => return refuse(format!("a task that is {state} cannot be retried")),
    }
    if task.expires_at <= now {
        return refuse("the task's expiry is over; move or schedule it anew".to_owned());
    }
    let mut body = match task.body.decode(&task.data) {
        Ok(body) => body,
        Err(error) => return refuse(error.to_string()),
    };
    let reopens = task.state == TaskState::Failed;
    if reopens {
        body.head.generation = body.head.generation.saturating_add(1);
    }
    body.memory.resends = 0;
    let what = if reopens { What::Reopened } else { What::Resolved };
    let mut entry = planner.entry(now, task.id, what, TaskState::Scheduled);
    entry.reason = Some(Reason::RetriedByHand);
    entry.generation = body.head.generation;
    entry.until = Some(task.due_at.max(now));
    let mut change = Change::of(task, entry);
    change.state = TaskState::Scheduled;
    change.wake_at = Some(task.due_at.max(now));
    change.attempts = 0;
    change.lease = LeaseChange::Clear;
    change.body = Some(body.encode(&task.data)?);
    let outcome =
        outcome_of(task, if reopens { Scheduling::Reopened } else { Scheduling::Updated });
    let outcome = super::ScheduleOutcome { state: TaskState::Scheduled, ..outcome };
    Ok(Planned { write: Some(change), outcome })
}

/// Plans what a person decided about a held task.
///
/// # Errors
///
/// The row is not held, or is to be sent again after its expiry.
pub(crate) fn resolved(
    now: DateTime<Utc>,
    task: &Task,
    resolution: Resolution,
    planner: Planner<'_>,
) -> Result<PlannedChange, InvalidField> {
    if task.state != TaskState::Held {
        let rule = format!("only a held task can be resolved, this one is {}", task.state);
        return Err(InvalidField::new("id", Rule::Contradiction, rule));
    }
    if resolution == Resolution::Resend {
        let mut planned = retried(now, task, planner)?;
        if let Some(change) = &mut planned.write {
            change.entry.reason = Some(Reason::ResolvedResend);
        }
        return Ok(planned);
    }
    let mut entry = planner.entry(now, task.id, What::Resolved, TaskState::Sent);
    entry.reason = Some(Reason::ResolvedSent);
    entry.generation = task.body.head().map_or(1, |head| head.generation);
    entry.attempt = task.attempts;
    let mut change = Change::of(task, entry);
    change.state = TaskState::Sent;
    change.wake_at = None;
    change.lease = LeaseChange::Clear;
    let outcome = outcome_of(task, Scheduling::Updated);
    let outcome = super::ScheduleOutcome { state: TaskState::Sent, ..outcome };
    Ok(Planned { write: Some(change), outcome })
}

/// Plans the due time of a pending row anew, after the rules of a zone changed. The generation
/// stays: the host asked for the same thing.
pub(crate) fn recomputed(
    now: DateTime<Utc>,
    task: &Task,
    planner: Planner<'_>,
) -> Result<PlannedChange, InvalidField> {
    let Ok(mut body) = task.body.decode(&task.data) else { return Ok(unchanged(task)) };
    let waits = task.state == TaskState::Scheduled && !task.is_leased(now);
    if !waits
        // A retry that waits keeps waiting: its due time has come.
        || task.attempts > 0
        || !body.head.trigger.needs_recompute(body.head.event.as_ref())
        || body.memory.tzdb == planner.rules.tzdb.version().as_str()
    {
        return Ok(unchanged(task));
    }
    let (event, trigger) = (body.head.event.as_ref(), &body.head.trigger);
    let timed = |from| timing_or_skip(from, event, trigger, &body.request, planner.rules);
    let from = task.due_at.min(now);
    let mut timing = timed(from)?;
    if timing.skip == Some(Reason::PastDue) {
        // It was asked for in time, so it is late and not past due: as after a downtime.
        timing = timed(timing.times.due_at.min(from))?;
    }
    if timing.skip.is_none() && timing.times.due_at == task.due_at {
        return Ok(unchanged(task));
    }
    let state = state_of(&timing);
    let what = if timing.skip.is_some() { What::Skipped } else { What::Rescheduled };
    let mut entry = planner.entry(now, task.id, what, state);
    entry.generation = body.head.generation;
    entry.reason = timing.skip.clone().or(Some(Reason::ZoneRules));
    entry.until = Some(timing.times.due_at);
    let (old, new) = (body.memory.tzdb.clone(), planner.rules.tzdb.version().as_str());
    entry.detail = Some(SafeText::new(format!("rescheduled (tzdb {old} -> {new})")));
    body.memory.tzdb = new.to_owned();
    body.revise(now, body.revised_at(task.created_at));
    let mut change = Change::of(task, entry);
    change.state = state;
    change.wake_at = timing.skip.is_none().then_some(timing.times.due_at);
    change.times = Some(timing.times.clone());
    change.body = Some(body.encode(&task.data)?);
    let outcome = outcome_of(task, Scheduling::Updated);
    let outcome = super::ScheduleOutcome { state, due_at: timing.times.due_at, ..outcome };
    Ok(Planned { write: Some(change), outcome })
}
