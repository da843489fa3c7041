//! What a failed attempt makes of a row: a retry, an end, a fallback, or a question.

use chrono::{DateTime, Utc};

use super::{Decision, Failure, failure_text};
use crate::notify::OnUncertain;
use crate::policy::{Jitter, NextTry};
use crate::store::Change;
use crate::task::{
    Body, DedupKey, InvalidField, NewTask, Reason, SafeText, TaskId, TaskState, What,
};
use crate::time::saturating_add;

impl Decision<'_> {
    /// An attempt that failed for now.
    pub(super) fn retried(&self, failure: &Failure) -> Result<Change, InvalidField> {
        if let Some(cancelled) = self.cancel_requested() {
            return self.cancelled_after(&cancelled, failure);
        }
        let task = self.case.task;
        let attempts = task.attempts.saturating_add(1);
        let jitter = Jitter::from_entropy(self.planner.entropy.number());
        let retry = self.case.policy.retry;
        let floor = Some(self.not_early(failure.not_before.unwrap_or(task.due_at)));
        match retry.next(self.now, attempts, jitter, floor, task.expires_at) {
            NextTry::At(at) => Ok(self.again_at(at, failure)),
            NextTry::Expired => Ok(self.gave_up(TaskState::Expired, Reason::NoTimeLeft, failure)),
            NextTry::UsedUp => {
                let change = self.gave_up(TaskState::Failed, Reason::AttemptsUsedUp, failure);
                self.with_fallback(change)
            }
        }
    }

    fn again_at(&self, at: DateTime<Utc>, failure: &Failure) -> Change {
        let mut change = self.spent(What::Retried, TaskState::Scheduled, failure);
        change.wake_at = Some(at);
        change.entry.until = Some(at);
        change
    }

    /// An outcome that spent an attempt.
    fn spent(&self, what: What, state: TaskState, failure: &Failure) -> Change {
        let mut change = self.outcome(what, state, Some(failure.reason.clone()));
        change.attempts = change.attempts.saturating_add(1);
        change.last_error = Some(failure_text(failure));
        change.entry.attempt = change.attempts;
        change.entry.code = Some(failure.code.clone());
        change.entry.detail = Some(failure.detail.clone());
        change
    }

    fn gave_up(&self, state: TaskState, reason: Reason, failure: &Failure) -> Change {
        let what = if state == TaskState::Expired { What::Expired } else { What::Failed };
        let mut change = self.spent(what, state, failure);
        change.entry.reason = Some(reason);
        change
    }

    /// The host cancelled while this attempt was under way, and it failed: it was the last.
    fn cancelled_after(
        &self,
        cancelled: &Reason,
        failure: &Failure,
    ) -> Result<Change, InvalidField> {
        let mut change = self.spent(What::Cancelled, TaskState::Cancelled, failure);
        change.entry.reason = Some(cancelled.clone());
        self.with_body(change, |body| body.memory.cancel_requested = None)
    }

    /// An attempt that failed for good.
    pub(super) fn failed(&self, failure: &Failure) -> Result<Change, InvalidField> {
        if let Some(cancelled) = self.cancel_requested() {
            return self.cancelled_after(&cancelled, failure);
        }
        let change = self.gave_up(TaskState::Failed, failure.reason.clone(), failure);
        self.with_fallback(change)
    }

    /// Nothing may go to the address. No attempt is spent, and the next way to the same person is
    /// taken as after a refusal.
    pub(super) fn suppressed(
        &self,
        reason: &Reason,
        code: Option<&SafeText>,
    ) -> Result<Change, InvalidField> {
        if let Some(cancelled) = self.cancel_requested() {
            return self.ended(TaskState::Cancelled, &cancelled, &None);
        }
        let mut change = self.outcome(What::Failed, TaskState::Failed, Some(reason.clone()));
        change.entry.code = code.cloned();
        change.last_error = Some(SafeText::new(reason.sentence()));
        self.with_fallback(change)
    }

    /// An attempt whose answer was lost.
    pub(super) fn uncertain(&self, failure: &Failure) -> Result<Change, InvalidField> {
        if let Some(cancelled) = self.cancel_requested() {
            let mut change = self.cancelled_after(&cancelled, failure)?;
            change.entry.what = What::Uncertain;
            return Ok(change);
        }
        if !self.case.policy.marks_hand_off {
            // The receiver recognises a repeat, so this is a failure like any other.
            let mut change = self.retried(failure)?;
            change.entry.what = What::Uncertain;
            return Ok(change);
        }
        let task = self.case.task;
        let handed_off_at = task.handed_off_at.or(failure.not_before).unwrap_or(self.now);
        match self.case.policy.on_uncertain {
            OnUncertain::Hold => Ok(self.in_question(Reason::UncertainHeld, failure)),
            OnUncertain::Resend { .. } if self.case.body.memory.resends > 0 => {
                Ok(self.in_question(Reason::UncertainAgain, failure))
            }
            OnUncertain::Resend { after } => {
                let at = self.not_early(saturating_add(handed_off_at, after).max(self.now));
                if at >= task.expires_at {
                    let mut change = self.spent(What::Uncertain, TaskState::Expired, failure);
                    change.entry.reason = Some(Reason::NoTimeLeft);
                    return Ok(change);
                }
                let mut change = self.spent(What::Uncertain, TaskState::Scheduled, failure);
                change.wake_at = Some(at);
                change.entry.until = Some(at);
                self.with_body(change, |body| body.memory.resends += 1)
            }
        }
    }

    /// Held until a person decides, or until it expires.
    fn in_question(&self, reason: Reason, failure: &Failure) -> Change {
        let task = self.case.task;
        let late = task.expires_at <= self.now;
        let state = if late { TaskState::Expired } else { TaskState::Held };
        let mut change = self.spent(What::Uncertain, state, failure);
        change.entry.reason = Some(reason);
        change.wake_at = (!late).then_some(task.expires_at);
        change.entry.until = change.wake_at;
        change
    }

    /// Adds a task for the next way to the same person, if there is one and time is left.
    fn with_fallback(&self, mut change: Change) -> Result<Change, InvalidField> {
        let (task, body) = (self.case.task, self.case.body);
        let Some((next, rest)) = body.request.fallback.split_first() else { return Ok(change) };
        if task.expires_at <= self.now {
            return Ok(change);
        }
        let request = crate::task::Request {
            to: next.clone(),
            retry: None,
            from: None,
            reply_to: None,
            ..body.request.clone()
        }
        .with_fallback(rest.to_vec());
        let mut new_body = Body::new(body.head.event.clone(), body.head.trigger.clone(), request);
        new_body.memory.tzdb.clone_from(&body.memory.tzdb);
        let id = TaskId::new(self.now, self.planner.entropy);
        let mut entry = self.planner.entry(self.now, id, What::Scheduled, TaskState::Scheduled);
        entry.reason = Some(Reason::Fallback);
        entry.detail = Some(SafeText::new(format!("instead of {} {}", task.channel, task.id)));
        entry.until = Some(self.now);
        let channel = next.channel().clone();
        change.inserts.push(NewTask {
            priority: task.priority,
            event_at: task.event_at,
            recipient: SafeText::new(next.address().redacted()),
            data: task.data.clone(),
            body: new_body.encode(&task.data)?,
            dedup_key: DedupKey::of(&task.kind, &task.subject, &channel, &task.person),
            ..NewTask::new(
                id,
                task.kind.clone(),
                task.subject.clone(),
                task.person.clone(),
                channel,
                self.now,
                task.expires_at,
                entry,
            )
        });
        Ok(change)
    }
}
