//! A notifier that keeps what it was given: for tests, and for trying things out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Attempt, Evidence, Notification, Notifier, NotifyError, OnUncertain, Receipt};
use crate::task::{Channel, TaskId};

/// Keeps every message that it was given, and accepts it. Clones share what they keep.
///
/// ```
/// use puntual::notify::MemoryNotifier;
/// use puntual::task::Channel;
///
/// let mailbox = MemoryNotifier::new(Channel::EMAIL);
/// assert!(mailbox.sent().is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct MemoryNotifier {
    channel: Channel,
    sent: Arc<Mutex<Vec<SentMessage>>>,
}

/// A message as the memory notifier keeps it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SentMessage {
    /// When it came.
    pub at: DateTime<Utc>,
    /// The task it came from.
    pub task: TaskId,
    /// Its idempotency key: the same for repeats of one message.
    pub key: String,
    /// The number of the attempt.
    pub attempt: u32,
    /// The message.
    pub notification: Notification,
}

impl MemoryNotifier {
    /// An empty one for a channel.
    pub fn new(channel: Channel) -> MemoryNotifier {
        MemoryNotifier { channel, sent: Arc::default() }
    }

    /// What came so far, in order.
    pub fn sent(&self) -> Vec<SentMessage> {
        self.with(|sent| sent.clone())
    }

    /// Takes what came so far.
    pub fn take(&self) -> Vec<SentMessage> {
        self.with(std::mem::take)
    }

    fn with<T>(&self, look: impl FnOnce(&mut Vec<SentMessage>) -> T) -> T {
        look(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Notifier for MemoryNotifier {
    fn channel(&self) -> Channel {
        self.channel.clone()
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Resend { after: Duration::from_secs(15 * 60) }
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> Result<Receipt, NotifyError> {
        let handed_off = attempt.hand_off().await?;
        let count = self.with(|sent| {
            sent.push(SentMessage {
                at: attempt.now(),
                task: attempt.task(),
                key: attempt.idempotency_key(),
                attempt: attempt.number(),
                notification: notification.clone(),
            });
            sent.len()
        });
        Ok(handed_off.accepted(Evidence::new("kept").with_provider_id(format!("memory-{count}"))))
    }
}
