//! A request for a row that exists: unchanged, updated, moved, or alive again.

use chrono::{DateTime, Utc};

use super::super::reminder::Checked;
use super::super::timing::{Timing, timing_or_skip};
use super::super::{ScheduleOutcome, Scheduling};
use super::{Planned, PlannedChange, Planner, outcome_of, state_of, unchanged};
use crate::store::{Change, LeaseChange};
use crate::task::{
    Body, Head, InvalidField, Memory, Reason, SafeText, Task, TaskData, TaskState, What,
};
use crate::time::EventTime;

/// Plans a request whose key belongs to `task`.
///
/// What is compared is the request as given, never the due time that was computed from it.
pub(crate) fn scheduled_again(
    now: DateTime<Utc>,
    task: &Task,
    ask: &Checked,
    planner: Planner<'_>,
) -> Result<PlannedChange, InvalidField> {
    let known = match task.body.decode(&task.data) {
        Ok(body) => Known::Whole(Box::new(body)),
        Err(error) if error.is_newer_version() => return Ok(unchanged(task)),
        Err(error) if error.is_blanked() => match task.body.head() {
            Ok(head) => Known::Head(head),
            Err(_) => Known::Nothing,
        },
        Err(_) => Known::Nothing,
    };
    let Some((what, generation)) = what_follows(task, ask, &known) else {
        return Ok(unchanged(task));
    };
    let mut body = Body::new(ask.event.clone(), ask.trigger.clone(), ask.request.clone());
    body.head.generation = generation;
    body.memory = Memory { tzdb: planner.rules.tzdb.version().to_string(), ..known.memory(what) };
    body.revise(now, known.revised_at(task));
    rewrite(now, task, Rewrite { body, data: Some(&ask.data), what, was: &known }, planner).map(
        |mut planned| {
            if let Some(change) = &mut planned.write {
                change.priority = ask.priority;
                change.recipient = Some(SafeText::new(ask.request.to.address().redacted()));
            }
            planned
        },
    )
}

/// Plans the move of `task`'s event to `event`.
pub(crate) fn moved(
    now: DateTime<Utc>,
    task: &Task,
    event: &EventTime,
    planner: Planner<'_>,
) -> Result<PlannedChange, InvalidField> {
    let Ok(body) = task.body.decode(&task.data) else { return Ok(unchanged(task)) };
    let same = body.head.event.is_none() || body.head.event.as_ref() == Some(event);
    if same || task.state == TaskState::Cancelled {
        return Ok(unchanged(task));
    }
    let was = Known::Whole(Box::new(body.clone()));
    let mut body = body;
    body.head.event = Some(event.clone());
    body.head.generation = body.head.generation.saturating_add(1);
    body.memory =
        Memory { tzdb: planner.rules.tzdb.version().to_string(), ..was.memory(Scheduling::Moved) };
    body.revise(now, was.revised_at(task));
    rewrite(now, task, Rewrite { body, data: None, what: Scheduling::Moved, was: &was }, planner)
}

/// What is known of the row's present request.
enum Known {
    Whole(Box<Body>),
    Head(Head),
    Nothing,
}

impl Known {
    fn head(&self) -> Option<&Head> {
        match self {
            Known::Whole(body) => Some(&body.head),
            Known::Head(head) => Some(head),
            Known::Nothing => None,
        }
    }

    /// Since when the row's present request is what it is.
    fn revised_at(&self, task: &Task) -> DateTime<Utc> {
        match self {
            Known::Whole(body) => body.revised_at(task.created_at),
            Known::Head(_) | Known::Nothing => task.created_at,
        }
    }

    /// What the engine still has to remember after the change.
    fn memory(&self, what: Scheduling) -> Memory {
        match (self, what) {
            (Known::Whole(body), Scheduling::Updated) => body.memory.clone(),
            (Known::Whole(body), _) => {
                Memory { in_flight: body.memory.in_flight, ..Memory::default() }
            }
            (Known::Head(_) | Known::Nothing, _) => Memory::default(),
        }
    }
}

/// What a request does to a row, and its generation then; `None` where it changes nothing.
fn what_follows(task: &Task, ask: &Checked, known: &Known) -> Option<(Scheduling, u32)> {
    // A damaged body has lost its generation; the revision has grown at least as often.
    let by_revision = u32::try_from(task.revision.0).unwrap_or(u32::MAX);
    let generation = known.head().map_or(by_revision, |head| head.generation);
    let next = generation.saturating_add(1);
    if task.state == TaskState::Cancelled {
        return Some((Scheduling::Reopened, next));
    }
    let Some(head) = known.head() else { return Some((Scheduling::Reopened, next)) };
    if head.event != ask.event {
        return Some((Scheduling::Moved, next));
    }
    let Known::Whole(body) = known else {
        let same = head.trigger == ask.trigger;
        return (!same).then_some((Scheduling::Updated, generation));
    };
    let cancelling = body.memory.cancel_requested.is_some();
    let same = head.trigger == ask.trigger
        && body.request == ask.request
        && task.data == ask.data
        && task.priority == ask.priority;
    if same && !cancelling {
        return None;
    }
    let other_address = body.request.to.address() != ask.request.to.address();
    match task.state == TaskState::Failed && other_address {
        true => Some((Scheduling::Reopened, next)),
        false => Some((Scheduling::Updated, generation)),
    }
}

/// A new body for a row, and why.
struct Rewrite<'a> {
    body: Body,
    data: Option<&'a TaskData>,
    what: Scheduling,
    was: &'a Known,
}

fn rewrite(
    now: DateTime<Utc>,
    task: &Task,
    mut new: Rewrite<'_>,
    planner: Planner<'_>,
) -> Result<PlannedChange, InvalidField> {
    let head = &new.body.head;
    let same_trigger = new.was.head().is_some_and(|was| was.trigger == head.trigger);
    let from = counted_from(now, task, new.what, same_trigger, head.trigger.is_now());
    let timing =
        timing_or_skip(from, head.event.as_ref(), &head.trigger, &new.body.request, planner.rules)?;
    let finished_now_row = task.is_finished() && head.trigger.is_now() && same_trigger;
    let stays_finished = match new.what {
        Scheduling::Updated => task.is_finished(),
        Scheduling::Moved => finished_now_row,
        _ => false,
    };
    if planner.in_flight(now, task) {
        return in_flight(now, task, new, &timing, planner);
    }
    let (state, wake_at) = match (stays_finished, state_of(&timing)) {
        (true, _) => (task.state, None),
        // It may have arrived, or harm the worker: whatever changed, a person decides.
        (false, _) if task.state == TaskState::Held && new.what == Scheduling::Updated => {
            (TaskState::Held, Some(timing.times.expires_at))
        }
        (false, TaskState::Skipped) => (TaskState::Skipped, None),
        (false, state) if new.what == Scheduling::Updated => {
            // A retry that waits keeps waiting, unless the request changed when it is due.
            let waits = task.attempts > 0 && task.due_at == timing.times.due_at;
            (state, if waits { task.wake_at } else { Some(timing.times.due_at) })
        }
        (false, state) => (state, Some(timing.times.due_at)),
    };
    let skipped = state == TaskState::Skipped && !stays_finished;
    let mut entry = planner.entry(now, task.id, what_of(new.what, skipped), state);
    entry.generation = new.body.head.generation;
    entry.reason = match (skipped, new.what) {
        (true, _) => timing.skip.clone(),
        (false, Scheduling::Moved) => Some(Reason::EventMoved),
        (false, _) => Some(Reason::AskedAgain),
    };
    entry.until = Some(timing.times.due_at);
    let mut change = Change::of(task, entry);
    new.body.memory.in_flight = None;
    new.body.memory.cancel_requested = None;
    change.body = Some(new.body.encode(new.data.unwrap_or(&task.data))?);
    change.data = new.data.cloned();
    change.times = Some(timing.times.clone());
    (change.state, change.wake_at, change.lease) = (state, wake_at, LeaseChange::Clear);
    if new.what != Scheduling::Updated {
        (change.attempts, change.last_error) = (0, None);
    }
    let what = if skipped { Scheduling::Skipped } else { new.what };
    let outcome = ScheduleOutcome {
        state,
        due_at: timing.times.due_at,
        reason: if skipped { timing.skip } else { None },
        ..outcome_of(task, what)
    };
    Ok(Planned { write: Some(change), outcome })
}

/// As of when the times of a row are computed. "Now" was then, and a row that is due already stays
/// due: a new address, or other words, do not make it too late. Only a new event time or trigger
/// is looked at anew, and a row that lives again.
fn counted_from(
    now: DateTime<Utc>,
    task: &Task,
    what: Scheduling,
    same_trigger: bool,
    is_now: bool,
) -> DateTime<Utc> {
    let corrected = what == Scheduling::Reopened && task.state == TaskState::Failed;
    match what {
        _ if !same_trigger => now,
        Scheduling::Reopened if is_now => now,
        _ if is_now => task.due_at,
        Scheduling::Updated => task.due_at.min(now),
        _ if corrected => task.due_at.min(now),
        _ => now,
    }
}

fn what_of(what: Scheduling, skipped: bool) -> What {
    match what {
        _ if skipped => What::Skipped,
        Scheduling::Moved | Scheduling::MovedInFlight => What::Moved,
        Scheduling::Reopened => What::Reopened,
        _ => What::Updated,
    }
}

/// Bytes may have left: only the body and the times are rewritten; the result that is still to
/// come is then decided by its generation.
fn in_flight(
    now: DateTime<Utc>,
    task: &Task,
    mut new: Rewrite<'_>,
    timing: &Timing,
    planner: Planner<'_>,
) -> Result<PlannedChange, InvalidField> {
    let what = match new.what {
        Scheduling::Updated => Scheduling::Updated,
        _ => Scheduling::MovedInFlight,
    };
    let memory = &mut new.body.memory;
    if what == Scheduling::MovedInFlight && memory.in_flight.is_none() {
        memory.in_flight = new.was.head().map(|head| head.generation);
    }
    memory.skip = timing.skip.as_ref().map(|reason| reason.as_str().to_owned());
    memory.cancel_requested = None;
    let mut entry = planner.entry(now, task.id, what_of(new.what, false), task.state);
    entry.generation = new.body.head.generation;
    entry.reason = Some(match new.what {
        Scheduling::Moved => Reason::EventMoved,
        _ => Reason::AskedAgain,
    });
    entry.until = Some(timing.times.due_at);
    let mut change = Change::of(task, entry);
    change.body = Some(new.body.encode(new.data.unwrap_or(&task.data))?);
    change.data = new.data.cloned();
    change.times = Some(timing.times.clone());
    let outcome = ScheduleOutcome {
        due_at: timing.times.due_at,
        reason: timing.skip.clone(),
        ..outcome_of(task, what)
    };
    Ok(Planned { write: Some(change), outcome })
}
