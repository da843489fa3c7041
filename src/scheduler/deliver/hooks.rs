//! The host's last words before a message is written: guard and resolver.

use std::sync::Arc;
use std::time::Duration;

use super::{Delivery, Guarded, Step};
use crate::scheduler::GuardAnswer;
use crate::scheduler::decide::{Failure, Happened};
use crate::scheduler::hooks::HostError;
use crate::task::{Address, Body, Reason, Recipient, SafeText};
use crate::time::saturating_add;

/// A guard that asks to wait is asked again after 1 s at the earliest: one that names an instant of
/// the past must not be asked without end.
const DEFER_MIN: Duration = Duration::from_secs(1);

impl Delivery {
    /// Asks the guard, if there is one.
    pub(super) async fn ask_guard(&self) -> Step<()> {
        let Some(guard) = &self.engine.hooks.guard else { return Ok(()) };
        let task = Arc::new(self.task.clone());
        let call = async move { guard.ask(task).await };
        match Box::pin(self.answer(Reason::GuardFailed, "guard", call)).await? {
            GuardAnswer::Send => Ok(()),
            GuardAnswer::Skip(words) => {
                let words = (!words.is_empty()).then_some(words);
                Err(Happened::Skip(Reason::Guard, words))
            }
            GuardAnswer::Defer(until) => {
                let reason = Reason::GuardDeferred;
                let until = until.max(saturating_add(self.engine.now(), DEFER_MIN));
                Err(Happened::Defer { until, reason, detail: None })
            }
            GuardAnswer::Moved(event) => self.compare_event(event),
        }
    }

    /// A guard that names the event time which the task has already says: send. So does one that
    /// names the time of an event that the task is not about.
    fn compare_event(&self, event: crate::time::EventTime) -> Step<()> {
        let known = self.task.body.head().ok().and_then(|head| head.event);
        match known {
            Some(known) if known != event => Err(Happened::MovedByGuard(event)),
            _ => Ok(()),
        }
    }

    /// Turns a reference into an address.
    pub(super) async fn resolve(&self, body: &Body) -> Step<Recipient> {
        let to = &body.request.to;
        let Address::Reference(reference) = to.address() else { return Ok(to.clone()) };
        let Some(resolver) = &self.engine.hooks.resolver else {
            let detail = "the recipient is a reference and no resolver is configured";
            return Err(Happened::Transient(Failure::new(Reason::Resolve, "resolver", detail)));
        };
        let task = Arc::new(self.task.clone());
        let call = async move { resolver.resolve(task, reference.clone()).await };
        match Box::pin(self.answer(Reason::Resolve, "resolver", call)).await? {
            None => Err(Happened::Skip(Reason::NoAddress, None)),
            Some(Address::Reference(_)) => {
                let detail = "the resolver answered with a reference, not with an address";
                Err(Happened::Transient(Failure::new(Reason::Resolve, "resolver", detail)))
            }
            Some(address) => match address.channel() {
                Some(channel) if channel != self.task.channel => {
                    let detail = format!("the resolver answered with an address for {channel}");
                    Err(Happened::Transient(Failure::new(Reason::Resolve, "resolver", detail)))
                }
                _ => Ok(to.at_address(address)),
            },
        }
    }

    /// An address that the resolver found is looked up now: the batch could not know it.
    pub(super) async fn check_resolved(&self, body: &Body, to: &Recipient) -> Step<()> {
        if !matches!(body.request.to.address(), Address::Reference(_)) {
            return Ok(());
        }
        let engine = &self.engine;
        match engine.suppressions.find(engine.now(), to).await {
            Ok(None) => Ok(()),
            Ok(Some(found)) => Err(Happened::suppressed(found)),
            // An opt-out must not be passed over because the store did not answer.
            Err(error) => {
                let detail = Some(SafeText::new(error.to_string()));
                let until = saturating_add(engine.now(), engine.config.store_retry_max);
                Err(Happened::Defer { until, reason: Reason::Suppressed, detail })
            }
        }
    }

    /// The answer of a hook; whatever else happens is a failed attempt that may pass. The call is
    /// made inside of `call`, so that a hook that panics before its first await is caught too.
    async fn answer<T>(
        &self,
        reason: Reason,
        code: &'static str,
        call: impl Future<Output = Result<T, HostError>> + Send,
    ) -> Step<T> {
        let failed = |reason, words: String| {
            Err(Happened::Transient(Failure::new(reason, code, SafeText::new(words))))
        };
        let limit = self.engine.pause(self.engine.config.hook_timeout);
        match self.engine.guarded(limit, call).await {
            Guarded::Done(Ok(answer)) => Ok(answer),
            Guarded::Done(Err(error)) => failed(reason, error.to_string()),
            Guarded::Panicked(words) => failed(Reason::Panic, words),
            Guarded::TimedOut => failed(Reason::TimedOut, format!("the {code} did not answer")),
        }
    }
}
