//! The state machine: what a row becomes after what happened to it.
//!
//! Everything here is a function of values: no clock, no store, nothing to wait for.

mod attempt;
mod look;

pub(crate) use look::{Look, first_look};

use chrono::{DateTime, Utc};

use super::Suppression;
use super::plan::{self, Planner};
use super::timing::lateness;
use crate::notify::{Evidence, OnUncertain};
use crate::policy::RetryPolicy;
use crate::store::{Change, LeaseChange};
use crate::task::{Body, HistoryEntry, InvalidField, Reason, SafeText, Task, TaskState, What};
use crate::time::EventTime;

/// What is to be decided about: the row as it is stored now, and whose work it was.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) task: &'a Task,
    pub(crate) body: &'a Body,
    /// The generation that the attempt was for; the body has a newer one if the event moved.
    pub(crate) generation: u32,
    pub(crate) policy: Policy<'a>,
}

/// What the row's channel wants.
#[derive(Clone, Copy)]
pub(crate) struct Policy<'a> {
    pub(crate) retry: &'a RetryPolicy,
    pub(crate) on_uncertain: OnUncertain,
    pub(crate) marks_hand_off: bool,
}

/// What happened to a claimed row.
#[derive(Debug, Clone)]
pub(crate) enum Happened {
    /// The provider accepted.
    Accepted(Evidence),
    /// A definite failure that may pass.
    Transient(Failure),
    /// A definite failure that will not.
    Permanent(Failure),
    /// Nobody can know.
    Uncertain(Failure),
    /// The channel does not work; nothing was spent. Not before `until`.
    ChannelDown { failure: Failure, until: DateTime<Utc> },
    /// The host cancelled it while it was taken, and nothing was sent since.
    Cancelled(Reason),
    /// Nothing is sent to its address, so it is not attempted.
    Suppressed { reason: Reason, code: Option<SafeText> },
    /// A rule says never to send it.
    Skip(Reason, Option<SafeText>),
    /// Not yet.
    Defer { until: DateTime<Utc>, reason: Reason, detail: Option<SafeText> },
    /// The event takes place at another time.
    MovedByGuard(EventTime),
    /// Given back before anything was sent.
    Released(Reason),
    /// Too late.
    Expired,
    /// Too late, because of a limit.
    OutOfTurn(Reason),
    /// A person must decide.
    Held(Reason, Option<SafeText>),
}

impl Happened {
    /// Nothing is sent to the address, for this reason.
    pub(crate) fn suppressed(found: Suppression) -> Happened {
        Happened::Suppressed { reason: found.reason.of_task(), code: found.code }
    }
}

/// How an attempt failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) code: SafeText,
    pub(crate) detail: SafeText,
    /// Not before then: the provider's word.
    pub(crate) not_before: Option<DateTime<Utc>>,
}

impl Failure {
    pub(crate) fn new(
        reason: Reason,
        code: impl Into<SafeText>,
        detail: impl Into<SafeText>,
    ) -> Failure {
        Failure { reason, code: code.into(), detail: detail.into(), not_before: None }
    }
}

/// Decides what becomes of a row.
///
/// # Errors
///
/// The new body is over its limit: the row is then held by the caller.
pub(crate) fn decide(
    now: DateTime<Utc>,
    case: Case<'_>,
    happened: &Happened,
    planner: Planner<'_>,
) -> Result<Change, InvalidField> {
    let decision = Decision { now, case, planner };
    if case.body.head.generation != case.generation {
        return decision.late(happened);
    }
    match happened {
        Happened::Accepted(evidence) => decision.sent(evidence),
        Happened::Transient(failure) => decision.retried(failure),
        Happened::Permanent(failure) => decision.failed(failure),
        Happened::Uncertain(failure) => decision.uncertain(failure),
        Happened::ChannelDown { failure, until } => decision.channel_down(failure, *until),
        Happened::Cancelled(reason) => decision.ended(TaskState::Cancelled, reason, &None),
        Happened::Suppressed { reason, code } => decision.suppressed(reason, code.as_ref()),
        Happened::Skip(reason, detail) => decision.ended(TaskState::Skipped, reason, detail),
        Happened::Defer { until, reason, detail } => decision.deferred(*until, reason, detail),
        Happened::MovedByGuard(event) => decision.moved(event),
        Happened::Released(reason) => decision.deferred(decision.wake(), reason, &None),
        Happened::Expired => decision.expired(),
        Happened::OutOfTurn(reason) => decision.out_of_turn(reason),
        Happened::Held(reason, detail) => decision.held(reason, detail),
    }
}

/// A row that cannot be read, or not be left alone: it is held until it expires, and says why.
pub(crate) fn held_as_it_is(
    now: DateTime<Utc>,
    task: &Task,
    reason: Reason,
    detail: Option<SafeText>,
    planner: Planner<'_>,
) -> Change {
    let late = task.expires_at <= now;
    let state = if late { TaskState::Expired } else { TaskState::Held };
    let what = if late { What::Expired } else { What::Held };
    let mut entry = planner.entry(now, task.id, what, state);
    entry.generation = task.body.head().map_or(1, |head| head.generation);
    entry.attempt = task.attempts;
    entry.reason = Some(reason);
    entry.detail.clone_from(&detail);
    entry.until = (!late).then_some(task.expires_at);
    let mut change = Change::of(task, entry);
    change.state = state;
    change.wake_at = (!late).then_some(task.expires_at);
    change.last_error = detail.or_else(|| task.last_error.clone());
    change.lease = LeaseChange::Clear;
    change
}

/// One decision under way.
#[derive(Clone, Copy)]
struct Decision<'a> {
    now: DateTime<Utc>,
    case: Case<'a>,
    planner: Planner<'a>,
}

impl Decision<'_> {
    /// An outcome without particulars: the claim ends, attempts and error stay.
    fn outcome(&self, what: What, state: TaskState, reason: Option<Reason>) -> Change {
        let task = self.case.task;
        let mut entry: HistoryEntry = self.planner.entry(self.now, task.id, what, state);
        entry.generation = self.case.generation;
        entry.attempt = task.attempts;
        entry.reason = reason;
        let mut change = Change::of(task, entry);
        change.state = state;
        change.wake_at = if state.is_finished() { None } else { Some(self.wake()) };
        change.lease = LeaseChange::Clear;
        change
    }

    /// Not before the row is due: the host may have put that off while an attempt was out.
    fn not_early(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at.max(self.case.task.due_at)
    }

    /// When a row that goes back unchanged wakes: as before.
    fn wake(&self) -> DateTime<Utc> {
        self.case.task.wake_at.unwrap_or(self.case.task.due_at)
    }

    fn with_body(
        &self,
        mut change: Change,
        edit: impl FnOnce(&mut Body),
    ) -> Result<Change, InvalidField> {
        let mut body = self.case.body.clone();
        edit(&mut body);
        if body != *self.case.body {
            change.body = Some(body.encode(&self.case.task.data)?);
        }
        Ok(change)
    }

    /// Whatever the host wished while the message was out is done with. Most rows have no such
    /// wish, and nothing to copy for it.
    fn without_cancel_request(&self, change: Change) -> Result<Change, InvalidField> {
        match self.case.body.memory.cancel_requested {
            Some(_) => self.with_body(change, |body| body.memory.cancel_requested = None),
            None => Ok(change),
        }
    }

    /// The host cancelled while the message was out, and the attempt did not succeed.
    fn cancel_requested(&self) -> Option<Reason> {
        self.case.body.memory.cancel_requested.as_deref().map(Reason::from_stored)
    }

    fn sent(&self, evidence: &Evidence) -> Result<Change, InvalidField> {
        let task = self.case.task;
        let mut change = self.outcome(What::Sent, TaskState::Sent, None);
        change.attempts = task.attempts.saturating_add(1);
        change.last_error = None;
        change.entry.attempt = change.attempts;
        change.entry.detail = Some(evidence.reply.clone());
        change.entry.provider_id.clone_from(&evidence.provider_id);
        change.entry.lateness = Some(lateness(self.now, task.due_at));
        self.without_cancel_request(change)
    }

    fn ended(
        &self,
        state: TaskState,
        reason: &Reason,
        detail: &Option<SafeText>,
    ) -> Result<Change, InvalidField> {
        let what = match state {
            TaskState::Cancelled => What::Cancelled,
            TaskState::Expired => What::Expired,
            TaskState::Failed => What::Failed,
            _ => What::Skipped,
        };
        let mut change = self.outcome(what, state, Some(reason.clone()));
        change.entry.detail.clone_from(detail);
        self.without_cancel_request(change)
    }

    fn expired(&self) -> Result<Change, InvalidField> {
        let reason = match self.case.task.state {
            TaskState::Held => Reason::HeldTooLong,
            _ => Reason::TooLate,
        };
        let mut change = self.ended(TaskState::Expired, &reason, &None)?;
        change.entry.lateness = Some(lateness(self.now, self.case.task.due_at));
        Ok(change)
    }

    fn out_of_turn(&self, reason: &Reason) -> Result<Change, InvalidField> {
        let mut change = self.ended(TaskState::Expired, reason, &None)?;
        change.entry.lateness = Some(lateness(self.now, self.case.task.due_at));
        Ok(change)
    }

    fn held(&self, reason: &Reason, detail: &Option<SafeText>) -> Result<Change, InvalidField> {
        if let Some(cancelled) = self.cancel_requested() {
            return self.ended(TaskState::Cancelled, &cancelled, detail);
        }
        let (task, detail) = (self.case.task, detail.clone());
        Ok(held_as_it_is(self.now, task, reason.clone(), detail, self.planner))
    }

    fn deferred(
        &self,
        until: DateTime<Utc>,
        reason: &Reason,
        detail: &Option<SafeText>,
    ) -> Result<Change, InvalidField> {
        if let Some(cancelled) = self.cancel_requested() {
            return self.ended(TaskState::Cancelled, &cancelled, &None);
        }
        let until = self.not_early(until).min(self.case.task.expires_at);
        let what = match reason {
            Reason::Shutdown | Reason::LeaseLost | Reason::RateLimited => What::Released,
            _ => What::Deferred,
        };
        let mut change = self.outcome(what, TaskState::Scheduled, Some(reason.clone()));
        change.wake_at = Some(until);
        change.entry.until = Some(until);
        change.entry.detail.clone_from(detail);
        Ok(change)
    }

    fn channel_down(
        &self,
        failure: &Failure,
        until: DateTime<Utc>,
    ) -> Result<Change, InvalidField> {
        let until = until.max(failure.not_before.unwrap_or(until));
        let detail = Some(failure.detail.clone());
        let mut change = self.deferred(until, &failure.reason, &detail)?;
        change.entry.code = Some(failure.code.clone());
        change.last_error = Some(failure_text(failure));
        Ok(change)
    }

    fn moved(&self, event: &EventTime) -> Result<Change, InvalidField> {
        if let Some(cancelled) = self.cancel_requested() {
            return self.ended(TaskState::Cancelled, &cancelled, &None);
        }
        let task = Task { lease: None, ..self.case.task.clone() };
        let planned = plan::moved(self.now, &task, event, self.planner)?;
        let Some(mut change) = planned.write else {
            // The guard named the time that the row has already: nothing moved, so send.
            return self.deferred(self.now, &Reason::GuardMoved, &None);
        };
        change.entry.reason = Some(match change.entry.reason.take() {
            Some(Reason::EventMoved) | None => Reason::GuardMoved,
            Some(reason) => reason,
        });
        Ok(change)
    }

    /// The result belongs to a message for an older event time: it is noted, and the row waits for
    /// its new time.
    fn late(&self, happened: &Happened) -> Result<Change, InvalidField> {
        let (body, task) = (self.case.body, self.case.task);
        let cancelled = self.cancel_requested();
        let skip = body.memory.skip.as_deref().map(Reason::from_stored);
        let state = match (&cancelled, &skip) {
            (Some(_), _) => TaskState::Cancelled,
            (None, Some(_)) => TaskState::Skipped,
            (None, None) => TaskState::Scheduled,
        };
        let mut change = self.outcome(What::LateResult, state, cancelled.or(skip));
        if state == TaskState::Scheduled {
            change.wake_at = Some(task.due_at);
            change.entry.until = Some(task.due_at);
        }
        (change.attempts, change.last_error) = (0, None);
        change.entry.attempt = task.attempts;
        describe(&mut change.entry, happened);
        self.with_body(change, |body| {
            let memory = &mut body.memory;
            (memory.in_flight, memory.skip, memory.cancel_requested) = (None, None, None);
            memory.resends = 0;
        })
    }
}

/// What happened, in the words of an entry that is about something else.
fn describe(entry: &mut HistoryEntry, happened: &Happened) {
    match happened {
        Happened::Accepted(evidence) => {
            entry.code = Some("accepted".into());
            entry.detail = Some(evidence.reply.clone());
            entry.provider_id.clone_from(&evidence.provider_id);
        }
        Happened::Transient(failure)
        | Happened::Permanent(failure)
        | Happened::Uncertain(failure)
        | Happened::ChannelDown { failure, .. } => {
            entry.code = Some(failure.code.clone());
            entry.detail = Some(failure.detail.clone());
        }
        _ => {}
    }
    if entry.reason.is_none() {
        entry.reason = Some(match happened {
            Happened::Uncertain(_) => Reason::Uncertain,
            _ => Reason::EventMoved,
        });
    }
}

/// What a row remembers of a failure.
pub(crate) fn failure_text(failure: &Failure) -> SafeText {
    SafeText::new(format!("{}: {}", failure.code, failure.detail))
}
