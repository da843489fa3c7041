//! How an attempt fails, classified by what to do next.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::task::SafeText;

/// An attempt failed.
#[derive(Debug)]
pub struct NotifyError {
    kind: NotifyErrorKind,
    scope: Scope,
    code: SafeText,
    detail: SafeText,
    retry_after: Option<Duration>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotifyErrorKind {
    /// It may pass: try again. The attempt is spent.
    Transient,
    /// It will never pass: give this message up.
    Permanent,
    /// Nobody can know whether it was accepted.
    Uncertain,
    /// The channel does not work, whatever the message: no attempt is spent.
    ChannelDown,
    /// The gate stayed closed: nothing was sent, and nothing may be.
    GateClosed,
}

/// What a failure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// This address, whatever the message. A permanent failure about it suppresses the address
    /// ([`Scheduler::suppress`](crate::Scheduler::suppress)).
    Recipient,
    /// This message only.
    Message,
    /// The sender, whatever the message.
    Sender,
    /// The channel.
    Channel,
}

impl NotifyError {
    /// A failure of one message. `code` is a word or number for programs (`550 5.1.1`), `detail`
    /// is for people; both are made safe.
    pub fn new(
        kind: NotifyErrorKind,
        code: impl Into<SafeText>,
        detail: impl Into<SafeText>,
    ) -> NotifyError {
        let scope = match kind {
            NotifyErrorKind::ChannelDown => Scope::Channel,
            _ => Scope::Message,
        };
        NotifyError {
            kind,
            scope,
            code: code.into(),
            detail: detail.into(),
            retry_after: None,
            source: None,
        }
    }

    /// It may pass: try again.
    pub fn transient(code: impl Into<SafeText>, detail: impl Into<SafeText>) -> NotifyError {
        Self::new(NotifyErrorKind::Transient, code, detail)
    }

    /// It will never pass.
    pub fn permanent(code: impl Into<SafeText>, detail: impl Into<SafeText>) -> NotifyError {
        Self::new(NotifyErrorKind::Permanent, code, detail)
    }

    /// Nobody can know whether it was accepted.
    pub fn uncertain(code: impl Into<SafeText>, detail: impl Into<SafeText>) -> NotifyError {
        Self::new(NotifyErrorKind::Uncertain, code, detail)
    }

    /// The channel does not work, whatever the message.
    pub fn channel_down(code: impl Into<SafeText>, detail: impl Into<SafeText>) -> NotifyError {
        Self::new(NotifyErrorKind::ChannelDown, code, detail)
    }

    /// Says what it is about.
    #[must_use]
    pub fn about(mut self, scope: Scope) -> NotifyError {
        self.scope = scope;
        self
    }

    /// Not before so long from now: the provider's own word.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> NotifyError {
        self.retry_after = Some(wait);
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> NotifyError {
        self.source = Some(source.into());
        self
    }

    /// What to do next.
    pub fn kind(&self) -> NotifyErrorKind {
        self.kind
    }

    /// What it is about.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The code, for programs.
    pub fn code(&self) -> &SafeText {
        &self.code
    }

    /// The words, for people.
    pub fn detail(&self) -> &SafeText {
        &self.detail
    }

    /// How long the provider asked to wait.
    pub fn wait(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for NotifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl Error for NotifyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
