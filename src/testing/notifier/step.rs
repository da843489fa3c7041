//! What a scripted attempt does, and where in it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::notify::{NotifyError, NotifyErrorKind, Scope};
use crate::task::SafeText;

/// What one attempt of a [`ScriptedNotifier`](super::ScriptedNotifier) does.
///
/// Everything happens *after* the gate, unless it is put [`before_gate`](Step::before_gate).
///
/// ```
/// use puntual::notify::Scope;
/// use puntual::testing::Step;
/// use std::time::Duration;
///
/// let steps = [
///     Step::transient("451 4.7.1").retry_after(Duration::from_secs(300)),
///     Step::channel_down("connection refused").before_gate(),
///     Step::permanent("550 5.1.1").about(Scope::Recipient),
///     Step::accept_as("provider-17"),
/// ];
/// assert_eq!(steps.len(), 4);
/// ```
#[derive(Debug, Clone)]
pub struct Step {
    pub(super) ending: Ending,
    pub(super) before_gate: bool,
    pub(super) stall: Option<Stall>,
}

#[derive(Debug, Clone)]
pub(super) enum Ending {
    Accept { provider_id: Option<SafeText> },
    Fail(Failure),
    Panic,
    Hang,
}

#[derive(Debug, Clone)]
pub(super) struct Failure {
    kind: NotifyErrorKind,
    code: SafeText,
    scope: Option<Scope>,
    retry_after: Option<Duration>,
}

impl Step {
    fn new(ending: Ending) -> Step {
        Step { ending, before_gate: false, stall: None }
    }

    /// The provider accepts.
    pub fn accept() -> Step {
        Step::new(Ending::Accept { provider_id: None })
    }

    /// The provider accepts, and calls the message so.
    pub fn accept_as(provider_id: impl Into<SafeText>) -> Step {
        Step::new(Ending::Accept { provider_id: Some(provider_id.into()) })
    }

    /// The attempt fails.
    pub fn fail(kind: NotifyErrorKind, code: impl Into<SafeText>) -> Step {
        let code = code.into();
        Step::new(Ending::Fail(Failure { kind, code, scope: None, retry_after: None }))
    }

    /// It fails in a way that may pass.
    pub fn transient(code: impl Into<SafeText>) -> Step {
        Step::fail(NotifyErrorKind::Transient, code)
    }

    /// It is refused for good.
    pub fn permanent(code: impl Into<SafeText>) -> Step {
        Step::fail(NotifyErrorKind::Permanent, code)
    }

    /// Its answer is lost.
    pub fn uncertain(code: impl Into<SafeText>) -> Step {
        Step::fail(NotifyErrorKind::Uncertain, code)
    }

    /// The channel does not work.
    pub fn channel_down(code: impl Into<SafeText>) -> Step {
        Step::fail(NotifyErrorKind::ChannelDown, code)
    }

    /// The notifier panics.
    pub fn panic() -> Step {
        Step::new(Ending::Panic)
    }

    /// The notifier never comes back.
    pub fn hang() -> Step {
        Step::new(Ending::Hang)
    }

    /// Does it before the gate. An acceptance still passes the gate, after its stall.
    #[must_use]
    pub fn before_gate(mut self) -> Step {
        self.before_gate = true;
        self
    }

    /// Says what a failure is about; of no effect on other steps.
    #[must_use]
    pub fn about(mut self, scope: Scope) -> Step {
        if let Ending::Fail(failure) = &mut self.ending {
            failure.scope = Some(scope);
        }
        self
    }

    /// Adds how long the provider asks to wait; of no effect on steps that do not fail.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Step {
        if let Ending::Fail(failure) = &mut self.ending {
            failure.retry_after = Some(wait);
        }
        self
    }

    /// Waits for the test's word first.
    #[must_use]
    pub fn stalled_by(mut self, stall: &Stall) -> Step {
        self.stall = Some(stall.clone());
        self
    }
}

impl Failure {
    pub(super) fn error(&self) -> NotifyError {
        let detail = "the script said so";
        let mut error = NotifyError::new(self.kind, self.code.clone(), detail);
        if let Some(scope) = self.scope {
            error = error.about(scope);
        }
        match self.retry_after {
            Some(wait) => error.retry_after(wait),
            None => error,
        }
    }
}

/// Holds attempts until the test lets them go; clones are the same stall.
#[derive(Debug, Clone, Default)]
pub struct Stall {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    released: watch::Sender<bool>,
    arrived: watch::Sender<usize>,
}

impl Default for Shared {
    fn default() -> Self {
        Shared { released: watch::Sender::new(false), arrived: watch::Sender::new(0) }
    }
}

impl Stall {
    /// A stall that holds.
    pub fn new() -> Stall {
        Stall::default()
    }

    /// Lets go of everything that it holds, and of whatever comes later.
    pub fn release(&self) {
        self.shared.released.send_replace(true);
    }

    /// Waits until `count` attempts have come here.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn reached_by(&self, count: usize) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.shared.arrived.subscribe().wait_for(|arrived| *arrived >= count).await;
    }

    pub(super) async fn wait(&self) {
        self.shared.arrived.send_modify(|arrived| *arrived += 1);
        let _ = self.shared.released.subscribe().wait_for(|released| *released).await;
    }
}
