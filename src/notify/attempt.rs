//! One try: its limits, the gate before the first byte, and the receipt.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{NotifyError, NotifyErrorKind};
use crate::task::{SafeText, TaskId};
use crate::time::Clock;

/// One try to deliver one message.
#[derive(Clone)]
pub struct Attempt {
    pub(crate) task: TaskId,
    pub(crate) generation: u32,
    pub(crate) number: u32,
    pub(crate) deadline: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) gate: Arc<dyn Gate>,
}

impl Attempt {
    /// Passes the gate: call it right before the first byte after which the provider may have
    /// accepted. From then on, a timeout or a crash leaves the task uncertain instead of failed.
    ///
    /// # Errors
    ///
    /// The task was cancelled or moved, its lease is lost, or the store did not answer: then
    /// nothing may be sent. Hand the error on with `?`.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped call may have marked the hand-off, and the engine treats it so.
    pub async fn hand_off(&self) -> Result<HandedOff, NotifyError> {
        match self.gate.pass().await {
            Ok(passed) => Ok(HandedOff {
                task: self.task,
                generation: self.generation,
                first_byte_by: passed.first_byte_by,
                clock: self.clock.clone(),
            }),
            Err(closed) => {
                Err(NotifyError::new(NotifyErrorKind::GateClosed, "gate_closed", closed.why))
            }
        }
    }

    /// The task.
    pub fn task(&self) -> TaskId {
        self.task
    }

    /// The number of this attempt, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The engine's time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// When the engine gives this attempt up, unless it is handed off by then. From the hand-off
    /// on an answer has a limit of its own
    /// ([`Config::answer_timeout`](crate::scheduler::Config::answer_timeout)), so that a slow
    /// beginning leaves no less time for it.
    pub fn deadline(&self) -> DateTime<Utc> {
        self.deadline
    }

    /// From when on the message is pointless: for a provider that takes such a limit.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// `{task id}.{generation}`: the same for every repeat of the same message, and another one
    /// once the event moved. It is the Message-ID of an e-mail and the `webhook-id` of a webhook.
    pub fn idempotency_key(&self) -> String {
        format!("{}.{}", self.task, self.generation)
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("task", &self.task)
            .field("generation", &self.generation)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// Whoever decides whether bytes may leave.
#[async_trait]
pub(crate) trait Gate: Send + Sync {
    async fn pass(&self) -> Result<Passed, GateClosed>;
}

/// The gate is open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Passed {
    /// By when, on the monotonic clock, the first byte must have left.
    pub(crate) first_byte_by: Duration,
}

/// The gate stays closed, and why.
#[derive(Debug, Clone)]
pub(crate) struct GateClosed {
    pub(crate) why: SafeText,
}

/// The right to send, given by the gate; the only thing that a [`Receipt`] can be made from.
pub struct HandedOff {
    task: TaskId,
    generation: u32,
    first_byte_by: Duration,
    clock: Arc<dyn Clock>,
}

impl HandedOff {
    /// How long the first byte may still take: a little less than the lease lasts. At zero nothing
    /// may be sent any more, because another worker may have the task by then.
    pub fn time_left(&self) -> Duration {
        self.first_byte_by.saturating_sub(self.clock.monotonic())
    }

    /// The provider accepted; `evidence` is what it said.
    pub fn accepted(self, evidence: impl Into<Evidence>) -> Receipt {
        Receipt { task: self.task, generation: self.generation, evidence: evidence.into() }
    }
}

impl fmt::Debug for HandedOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandedOff").field("task", &self.task).finish_non_exhaustive()
    }
}

/// What a provider said when it accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// Its words.
    pub reply: SafeText,
    /// What it calls the message, where it says so.
    pub provider_id: Option<SafeText>,
}

impl Evidence {
    /// What the provider said.
    pub fn new(reply: impl Into<SafeText>) -> Evidence {
        Evidence { reply: reply.into(), provider_id: None }
    }

    /// Adds what the provider calls the message.
    #[must_use]
    pub fn with_provider_id(mut self, id: impl Into<SafeText>) -> Evidence {
        self.provider_id = Some(id.into());
        self
    }
}

impl From<&str> for Evidence {
    fn from(reply: &str) -> Self {
        Evidence::new(reply)
    }
}

impl From<String> for Evidence {
    fn from(reply: String) -> Self {
        Evidence::new(reply)
    }
}

/// The proof of an accepted message. It belongs to one task and generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    task: TaskId,
    generation: u32,
    evidence: Evidence,
}

impl Receipt {
    /// What the provider said.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Whether it proves this message and no other one.
    pub(crate) fn is_of(&self, task: TaskId, generation: u32) -> bool {
        self.task == task && self.generation == generation
    }
}
