//! What a notifier's answer means, given what the gate saw.

use std::time::Duration;

use super::{Delivery, Guarded};
use crate::notify::{NotifyError, NotifyErrorKind, Receipt, Scope};
use crate::scheduler::SuppressionReason;
use crate::scheduler::decide::{Failure, Happened, failure_text};
use crate::scheduler::gate::{Closed, GateState};
use crate::task::{Body, Reason, Recipient};
use crate::time::saturating_add;

/// How long a task waits that finds its channel down again though others were served in between:
/// 5 s. They keep the breaker closed, and the task must not be tried without end.
const DOWN_PAUSE: Duration = Duration::from_secs(5);

impl Delivery {
    /// What an answer means, given what the gate saw.
    pub(super) fn understand(
        &self,
        body: &Body,
        gate: GateState,
        answer: Guarded<Result<Receipt, NotifyError>>,
    ) -> Happened {
        let passed = gate.passed.is_some();
        let definite = |failure| match passed {
            true => Happened::Uncertain(failure),
            false => Happened::Transient(failure),
        };
        let error = match answer {
            Guarded::Panicked(words) => {
                return definite(Failure::new(Reason::Panic, "panic", words));
            }
            Guarded::TimedOut => {
                let detail = "the notifier took longer than an attempt may";
                return definite(Failure::new(Reason::TimedOut, "timeout", detail));
            }
            Guarded::Done(Ok(receipt)) => {
                if receipt.is_of(self.task.id, body.head.generation) {
                    return Happened::Accepted(receipt.evidence().clone());
                }
                let detail = "the notifier answered with the receipt of another message";
                return definite(Failure::new(Reason::Uncertain, "foreign_receipt", detail));
            }
            Guarded::Done(Err(error)) => error,
        };
        self.understand_error(gate, &error, passed)
    }

    fn understand_error(&self, gate: GateState, error: &NotifyError, passed: bool) -> Happened {
        let reason = match error.kind() {
            NotifyErrorKind::Permanent => Reason::Permanent,
            NotifyErrorKind::Uncertain => Reason::Uncertain,
            NotifyErrorKind::ChannelDown => Reason::ChannelDown,
            NotifyErrorKind::Transient | NotifyErrorKind::GateClosed => Reason::Transient,
        };
        let mut failure = Failure::new(reason, error.code().clone(), error.detail().clone());
        let now = self.engine.now();
        failure.not_before = error.wait().map(|wait| saturating_add(now, wait));
        match error.kind() {
            NotifyErrorKind::Transient => Happened::Transient(failure),
            NotifyErrorKind::Permanent => Happened::Permanent(failure),
            NotifyErrorKind::Uncertain => {
                failure.not_before = self.task.handed_off_at;
                Happened::Uncertain(failure)
            }
            NotifyErrorKind::ChannelDown => {
                let until = failure.not_before.unwrap_or(now);
                Happened::ChannelDown { failure, until }
            }
            NotifyErrorKind::GateClosed => match gate.closed {
                // It went through once, so bytes may have left; or the gate knows nothing of it.
                _ if passed => Happened::Uncertain(failure),
                None => Happened::Transient(failure),
                Some(Closed::Expired) => Happened::Expired,
                Some(Closed::Lost) => Happened::Released(Reason::LeaseLost),
                Some(Closed::NoTime) => {
                    let until = saturating_add(now, self.engine.config.store_retry_max);
                    Happened::Defer { until, reason: Reason::LeaseLost, detail: None }
                }
            },
        }
    }

    /// Suppresses an address that its provider refused for good. A store that fails here loses
    /// little: the next message to it is refused again.
    pub(super) async fn tell_suppressions(
        &self,
        to: &Recipient,
        answer: &Guarded<Result<Receipt, NotifyError>>,
    ) {
        let Guarded::Done(Err(error)) = answer else { return };
        if error.kind() != NotifyErrorKind::Permanent || error.scope() != Scope::Recipient {
            return;
        }
        let (engine, code) = (&self.engine, error.code().clone());
        let reason = SuppressionReason::Undeliverable;
        match engine.suppress(to, reason, Some(code)).await {
            Ok(_) => tracing::info!(
                task = %self.task.id, channel = %self.task.channel, "its address is suppressed"
            ),
            Err(error) => {
                tracing::warn!(task = %self.task.id, %error, "an address could not be suppressed");
            }
        }
    }

    /// Lets the breaker know whether the channel works.
    pub(super) async fn tell_brakes(&self, happened: Happened) -> Happened {
        let engine = &self.engine;
        let (now, channel) = (engine.now(), &self.task.channel);
        match happened {
            Happened::ChannelDown { failure, until } => {
                let wait = until.signed_duration_since(now).to_std().ok();
                let wait = wait.filter(|_| failure.not_before.is_some());
                let again = self.task.last_error == Some(failure_text(&failure));
                let alone = again && !engine.brakes.remembers(channel);
                let until = if alone { until.max(saturating_add(now, DOWN_PAUSE)) } else { until };
                let open = engine.brakes.is_down(now, channel, wait, &failure.code).await;
                Happened::ChannelDown { failure, until: until.max(open) }
            }
            Happened::Accepted(_) | Happened::Permanent(_) => {
                engine.brakes.works(now, channel).await;
                happened
            }
            other => other,
        }
    }
}
