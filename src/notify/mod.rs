//! HOW IT IS TOLD: the port to whatever delivers, and its adapters.
//!
//! A [`Notifier`] serves one channel. It gets an [`Attempt`] and a [`Notification`], passes the
//! gate ([`Attempt::hand_off`]) right before the first byte after which the provider may have
//! accepted, and answers with a [`Receipt`] or a [`NotifyError`]. A receipt can be made only from
//! what the gate gave: forgetting the gate does not compile, and no success is without evidence.

mod attempt;
mod console;
mod error;
mod memory;
mod notification;
#[cfg(feature = "smtp")]
mod smtp;

pub use attempt::{Attempt, Evidence, HandedOff, Receipt};
pub(crate) use attempt::{Gate, GateClosed, Passed};
pub use console::ConsoleNotifier;
pub use error::{NotifyError, NotifyErrorKind, Scope};
pub use memory::{MemoryNotifier, SentMessage};
pub use notification::Notification;
#[cfg(feature = "smtp")]
pub use smtp::{
    EnhancedCode, SmtpBuilder, SmtpNotifier, SmtpPhase, SmtpReply, SmtpTls, SmtpTrial,
    SmtpTrialStep, SmtpVerdict,
};

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::task::{Channel, SafeText};

/// Delivers the messages of one channel.
///
/// # Examples
///
/// ```
/// use async_trait::async_trait;
/// use puntual::notify::{Attempt, Notification, Notifier, NotifyError, OnUncertain, Receipt};
/// use puntual::task::Channel;
///
/// #[derive(Debug)]
/// struct Pager;
///
/// #[async_trait]
/// impl Notifier for Pager {
///     fn channel(&self) -> Channel {
///         Channel::new("pager").expect("a valid name")
///     }
///
///     fn on_uncertain(&self) -> OnUncertain {
///         OnUncertain::Hold // beeping twice is worse than a person's look
///     }
///
///     async fn notify(
///         &self,
///         attempt: &Attempt,
///         notification: &Notification,
///     ) -> Result<Receipt, NotifyError> {
///         let text = &notification.message.text; // prepare everything first,
///         let handed_off = attempt.hand_off().await?; // then pass the gate,
///         let beeps = text.len(); // then send,
///         Ok(handed_off.accepted(format!("{beeps} beeps"))) // and tell what came back.
///     }
/// }
/// ```
#[async_trait]
pub trait Notifier: Debug + Send + Sync + 'static {
    /// The channel that it serves. Asked once, when the engine is built.
    fn channel(&self) -> Channel;

    /// What to do when nobody can know whether a message was accepted: only its notifier knows
    /// what a repeat costs.
    fn on_uncertain(&self) -> OnUncertain;

    /// How many attempts may run at the same time, at least 1.
    fn concurrency(&self) -> usize {
        16
    }

    /// Whether the hand-off is marked in the store. `false` where a repeat is harmless, because
    /// the receiver recognises it: the mark costs a third write.
    fn marks_hand_off(&self) -> bool {
        true
    }

    /// Makes one attempt to deliver.
    ///
    /// # Errors
    ///
    /// How it failed, by what to do next ([`NotifyErrorKind`]). After the gate, whatever is not a
    /// definite answer is [`NotifyErrorKind::Uncertain`].
    ///
    /// # Cancel safety
    ///
    /// The call may be dropped at any await: at its deadline ([`Attempt::deadline`]), or when the
    /// engine stops. Before the gate nothing may have left; after it the attempt counts as
    /// uncertain.
    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> Result<Receipt, NotifyError>;

    /// Checks settings and connections without sending.
    ///
    /// # Errors
    ///
    /// What does not work.
    async fn check(&self) -> Result<Health, NotifyError> {
        Ok(Health::Unknown)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<N: Notifier + ?Sized> Notifier for Arc<N> {
    fn channel(&self) -> Channel {
        (**self).channel()
    }

    fn on_uncertain(&self) -> OnUncertain {
        (**self).on_uncertain()
    }

    fn concurrency(&self) -> usize {
        (**self).concurrency()
    }

    fn marks_hand_off(&self) -> bool {
        (**self).marks_hand_off()
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> Result<Receipt, NotifyError> {
        (**self).notify(attempt, notification).await
    }

    async fn check(&self) -> Result<Health, NotifyError> {
        (**self).check().await
    }
}

/// What to do when nobody can know whether a message was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnUncertain {
    /// Repeat it once, with the same idempotency key, so long after the hand-off.
    Resend {
        /// How long to wait.
        after: Duration,
    },
    /// Hold it until a person or a callback decides.
    Hold,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// It was not looked.
    Unknown,
    /// It works; in words, how.
    Working(SafeText),
}
