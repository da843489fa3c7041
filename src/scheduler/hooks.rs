//! What the host may add: a guard, a resolver, and an ear for outcomes.

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Outcome;
use crate::task::{Address, SafeText, Task};
use crate::time::EventTime;

/// Any error of the host's own code.
pub type HostError = Box<dyn Error + Send + Sync>;

/// The host's last word, asked after the claim, just before sending: is this still right?
///
/// Closures are guards: `|task: Arc<Task>| async move { Ok(true) }`.
#[async_trait]
pub trait Guard: Send + Sync + 'static {
    /// May this go out?
    ///
    /// # Errors
    ///
    /// The guard cannot tell. Nothing is sent; the task is tried again by its retry policy.
    async fn ask(&self, task: Arc<Task>) -> Result<GuardAnswer, HostError>;
}

/// What a guard answers. `true` is `Send`, `false` is `Skip` without words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GuardAnswer {
    /// Send it.
    Send,
    /// Never send it; the words go into the history.
    Skip(SafeText),
    /// Ask again then.
    Defer(DateTime<Utc>),
    /// The event takes place at another time.
    Moved(EventTime),
}

impl From<bool> for GuardAnswer {
    fn from(send: bool) -> Self {
        if send { GuardAnswer::Send } else { GuardAnswer::Skip(SafeText::default()) }
    }
}

#[async_trait]
impl<F, Fut, A, E> Guard for F
where
    F: Fn(Arc<Task>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<A, E>> + Send,
    A: Into<GuardAnswer> + 'static,
    E: Into<HostError> + 'static,
{
    async fn ask(&self, task: Arc<Task>) -> Result<GuardAnswer, HostError> {
        match self(task).await {
            Ok(answer) => Ok(answer.into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Turns a reference into an address just before sending, so that no address need be stored.
///
/// Asked only for recipients made with
/// [`Recipient::reference`](crate::task::Recipient::reference).
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// The address, or `None` where there is nobody to tell any more.
    ///
    /// # Errors
    ///
    /// The address cannot be found now; the task is tried again by its retry policy.
    async fn resolve(
        &self,
        task: Arc<Task>,
        reference: String,
    ) -> Result<Option<Address>, HostError>;
}

#[async_trait]
impl<F, Fut, E> Resolver for F
where
    F: Fn(Arc<Task>, String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<Address>, E>> + Send,
    E: Into<HostError> + 'static,
{
    async fn resolve(
        &self,
        task: Arc<Task>,
        reference: String,
    ) -> Result<Option<Address>, HostError> {
        self(task, reference).await.map_err(Into::into)
    }
}

/// Hears of every outcome after it was recorded. It must be quick: it runs in the engine's task.
pub trait OnOutcome: Send + Sync + 'static {
    /// An outcome was recorded.
    fn on_outcome(&self, outcome: &Outcome);
}

impl<F: Fn(&Outcome) + Send + Sync + 'static> OnOutcome for F {
    fn on_outcome(&self, outcome: &Outcome) {
        self(outcome);
    }
}

/// The hooks of one engine.
#[derive(Default, Clone)]
pub(crate) struct Hooks {
    pub(crate) guard: Option<Arc<dyn Guard>>,
    pub(crate) resolver: Option<Arc<dyn Resolver>>,
    pub(crate) on_outcome: Option<Arc<dyn OnOutcome>>,
}

impl Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooks")
            .field("guard", &self.guard.is_some())
            .field("resolver", &self.resolver.is_some())
            .field("on_outcome", &self.on_outcome.is_some())
            .finish()
    }
}
