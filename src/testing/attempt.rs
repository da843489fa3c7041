//! An attempt for authors of notifiers: no engine, no store, a gate that tests set.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::build::task_id;
use super::clock::{IntoInstant, VirtualClock};
use crate::notify::{Attempt, Gate, GateClosed, Notification, Passed};
use crate::task::{Kind, Message, Recipient, SafeText, Subject, TaskId};
use crate::time::{Clock, saturating_add};

/// When the attempts and notifications of these builders are due, unless tests say otherwise.
const DUE_AT: &str = "2026-07-10T13:00:00Z";

/// Begins an attempt with an open gate, to call a notifier with.
///
/// # Examples
///
/// ```
/// use puntual::notify::{MemoryNotifier, Notifier, NotifyErrorKind};
/// use puntual::task::{Channel, EmailAddress};
/// use puntual::testing;
///
/// # tokio_test::block_on(async {
/// let jane: EmailAddress = "jane@example.com".parse()?;
/// let message = testing::notification(jane, "Your court is booked for 6 pm.");
/// let notifier = MemoryNotifier::new(Channel::EMAIL);
///
/// let attempt = testing::attempt().number(2).build();
/// let receipt = notifier.notify(&attempt, &message).await?;
/// assert_eq!(receipt.evidence().reply.as_str(), "kept");
/// assert_eq!(attempt.hand_offs(), 1);
///
/// let attempt = testing::attempt().gate_closed("the booking was cancelled").build();
/// let error = notifier.notify(&attempt, &message).await.unwrap_err();
/// assert_eq!(error.kind(), NotifyErrorKind::GateClosed);
/// assert_eq!(notifier.sent().len(), 1, "nothing leaves through a closed gate");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub fn attempt() -> AttemptBuilder {
    AttemptBuilder {
        task: None,
        generation: 1,
        number: 1,
        clock: VirtualClock::at(DUE_AT),
        deadline: None,
        expires_at: None,
        first_byte_within: Duration::from_secs(28),
        closed: None,
    }
}

/// A notification for `to`, about booking 1, due on 10 July 2026 at 13:00 UTC and of no use six
/// hours later. Its fields are public: change what your notifier looks at.
pub fn notification(to: impl Into<Recipient>, text: impl Into<Message>) -> Notification {
    let due_at = DUE_AT.into_instant();
    let expires_at = saturating_add(due_at, Duration::from_secs(6 * 60 * 60));
    let kind = Kind::from_stored("reminder".to_owned());
    let about = Subject::new("booking", 1);
    Notification::new(kind, about, to.into(), text.into(), due_at, expires_at)
}

/// An attempt in the making; begun by [`attempt`].
#[derive(Debug, Clone)]
pub struct AttemptBuilder {
    task: Option<TaskId>,
    generation: u32,
    number: u32,
    clock: VirtualClock,
    deadline: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    first_byte_within: Duration,
    closed: Option<SafeText>,
}

impl AttemptBuilder {
    /// The task, a new one by default.
    #[must_use]
    pub fn task(mut self, task: TaskId) -> Self {
        self.task = Some(task);
        self
    }

    /// The generation, 1 by default: the second part of the idempotency key.
    #[must_use]
    pub fn generation(mut self, generation: u32) -> Self {
        self.generation = generation;
        self
    }

    /// The number of the attempt, 1 by default.
    #[must_use]
    pub fn number(mut self, number: u32) -> Self {
        self.number = number;
        self
    }

    /// The clock that the attempt shows; by default one that stands at 13:00 UTC on
    /// 10 July 2026.
    #[must_use]
    pub fn clock(mut self, clock: &VirtualClock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// When the engine would give it up; in ten minutes by default.
    #[must_use]
    pub fn deadline(mut self, at: impl IntoInstant) -> Self {
        self.deadline = Some(at.into_instant());
        self
    }

    /// From when on the message is pointless; in six hours by default.
    #[must_use]
    pub fn expires_at(mut self, at: impl IntoInstant) -> Self {
        self.expires_at = Some(at.into_instant());
        self
    }

    /// How long the first byte may take after the gate; 28 s by default, as in an engine with a
    /// lease of 30 s.
    #[must_use]
    pub fn first_byte_within(mut self, time: Duration) -> Self {
        self.first_byte_within = time;
        self
    }

    /// Keeps the gate closed, as it is when the task was cancelled, moved or taken over.
    #[must_use]
    pub fn gate_closed(mut self, why: impl Into<SafeText>) -> Self {
        self.closed = Some(why.into());
        self
    }

    /// The attempt.
    pub fn build(self) -> TestAttempt {
        let now = self.clock.now();
        let after = |seconds| saturating_add(now, Duration::from_secs(seconds));
        let passes = Arc::new(AtomicU32::new(0));
        let gate = TestGate {
            passes: passes.clone(),
            first_byte_within: self.first_byte_within,
            clock: self.clock.clone(),
            closed: self.closed,
        };
        let attempt = Attempt {
            task: self.task.unwrap_or_else(|| task_id(now)),
            generation: self.generation,
            number: self.number,
            deadline: self.deadline.unwrap_or_else(|| after(10 * 60)),
            expires_at: self.expires_at.unwrap_or_else(|| after(6 * 60 * 60)),
            clock: Arc::new(self.clock),
            gate: Arc::new(gate),
        };
        TestAttempt { attempt, passes }
    }
}

/// An [`Attempt`] that counts how often its gate was passed; pass it on by reference.
#[derive(Debug, Clone)]
pub struct TestAttempt {
    attempt: Attempt,
    passes: Arc<AtomicU32>,
}

impl TestAttempt {
    /// How often the gate was passed. A notifier passes it once, right before its first byte.
    pub fn hand_offs(&self) -> u32 {
        self.passes.load(Ordering::SeqCst)
    }
}

impl Deref for TestAttempt {
    type Target = Attempt;

    fn deref(&self) -> &Attempt {
        &self.attempt
    }
}

struct TestGate {
    passes: Arc<AtomicU32>,
    first_byte_within: Duration,
    clock: VirtualClock,
    closed: Option<SafeText>,
}

#[async_trait]
impl Gate for TestGate {
    async fn pass(&self) -> Result<Passed, GateClosed> {
        if let Some(why) = &self.closed {
            return Err(GateClosed { why: why.clone() });
        }
        self.passes.fetch_add(1, Ordering::SeqCst);
        Ok(Passed { first_byte_by: self.clock.monotonic().saturating_add(self.first_byte_within) })
    }
}
