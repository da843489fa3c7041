//! What a reply means: by phase first, then by code.
//!
//! The first digit alone would turn a wrong password into "all reminders failed". So the table
//! goes by phase, and its first row that fits wins. A host may say otherwise
//! ([`SmtpBuilder::classify`](super::SmtpBuilder::classify)).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::phase::{Fault, SmtpPhase, Trouble};
use super::reply::SmtpReply;
use super::scrub::Scrubber;
use crate::notify::{NotifyError, NotifyErrorKind, Scope};
use crate::policy::GREYLISTING_MINIMUM;

/// How long to leave a server alone that has too much to do and does not say how long: most count
/// connections and messages by the minute.
const RATE_PAUSE: Duration = Duration::from_secs(60);

/// What a reply means for the message and for the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SmtpVerdict {
    /// What to do next.
    pub kind: NotifyErrorKind,
    /// What it is about. A permanent failure about the *recipient* says that the address is no
    /// good, whatever the message; one about the *message* leaves the address alone.
    pub scope: Scope,
    /// Not before so long from now.
    pub wait: Option<Duration>,
}

impl SmtpVerdict {
    /// A verdict without a wait.
    pub fn new(kind: NotifyErrorKind, scope: Scope) -> SmtpVerdict {
        SmtpVerdict { kind, scope, wait: None }
    }

    /// Adds a wait.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> SmtpVerdict {
        self.wait = Some(wait);
        self
    }
}

/// One row: in these phases, a reply that says this, means that.
struct Row {
    phases: &'static [SmtpPhase],
    says: fn(&SmtpReply) -> bool,
    kind: NotifyErrorKind,
    scope: Scope,
    wait: Wait,
}

/// How long to wait after a reply.
enum Wait {
    /// As long as the text asks for, if it asks.
    Asked,
    /// As long as the text asks for, else [`RATE_PAUSE`].
    Rate,
    /// As long as the text asks for, and at least [`GREYLISTING_MINIMUM`].
    Greylisting,
}

use NotifyErrorKind::{ChannelDown, Permanent, Transient};
use SmtpPhase as At;

const BEFORE: &[At] =
    &[At::Connect, At::Tls, At::Greeting, At::Hello, At::StartTls, At::Auth, At::Noop, At::Reset];
const TRANSACTION: &[At] = &[At::Mail, At::Recipient, At::Data, At::Content, At::End];
const DATA: &[At] = &[At::Data, At::Content, At::End];

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Whatever is refused before a message is named is about the channel; a wrong password
    // (535, 534, 530, 454) is the best known case, and must never fail a reminder.
    row(BEFORE, any, ChannelDown, Scope::Channel, Wait::Asked),
    // This sender may not send (5.1.8, 5.7.x), whatever the message.
    row(&[At::Mail], is_5xx, ChannelDown, Scope::Sender, Wait::Asked),
    // Greylisting stands before the row of rates: it is about this recipient.
    row(&[At::Recipient], greylists, Transient, Scope::Recipient, Wait::Greylisting),
    row(TRANSACTION, limits_rate, ChannelDown, Scope::Channel, Wait::Rate),
    row(&[At::Mail], is_4xx, ChannelDown, Scope::Channel, Wait::Asked),
    // No such mailbox or domain, moved, bad syntax, null MX.
    row(&[At::Recipient], no_such_address, Permanent, Scope::Recipient, Wait::Asked),
    // Disabled or full today; refused by policy; refused without a word why. The address stays.
    row(&[At::Recipient], is_5xx, Permanent, Scope::Message, Wait::Asked),
    row(&[At::Recipient], is_4xx, Transient, Scope::Recipient, Wait::Greylisting),
    row(DATA, is_4xx, Transient, Scope::Message, Wait::Asked),
    row(DATA, is_5xx, Permanent, Scope::Message, Wait::Asked),
];

const fn row(
    phases: &'static [SmtpPhase],
    says: fn(&SmtpReply) -> bool,
    kind: NotifyErrorKind,
    scope: Scope,
    wait: Wait,
) -> Row {
    Row { phases, says, kind, scope, wait }
}

fn any(_: &SmtpReply) -> bool {
    true
}

fn is_4xx(reply: &SmtpReply) -> bool {
    reply.code() / 100 == 4
}

fn is_5xx(reply: &SmtpReply) -> bool {
    reply.code() / 100 == 5
}

/// 421 (goodbye), 432, 4.7.0, 4.3.2: too many connections or messages, or about to stop.
fn limits_rate(reply: &SmtpReply) -> bool {
    matches!(reply.code(), 421 | 432) || matches!(triple(reply), Some((4, 7, 0) | (4, 3, 2)))
}

/// Most greylisting servers answer 450 or 451 with 4.7.1 or 4.2.0, or name it (RFC 6647).
fn greylists(reply: &SmtpReply) -> bool {
    let text = reply.text().to_ascii_lowercase();
    let names_it = ["greylist", "graylist", "grey-list", "gray-list"];
    matches!(reply.code(), 450 | 451)
        && (matches!(triple(reply), Some((4, 7, 1) | (4, 2, 0)))
            || names_it.iter().any(|name| text.contains(name)))
}

fn no_such_address(reply: &SmtpReply) -> bool {
    matches!(reply.code(), 550 | 551 | 553)
        && matches!(triple(reply), Some((5, 1, 1 | 2 | 3 | 6 | 10)))
}

fn triple(reply: &SmtpReply) -> Option<(u8, u16, u16)> {
    reply.enhanced().map(super::reply::EnhancedCode::triple)
}

/// What a negative reply means in this phase.
pub(super) fn verdict(phase: SmtpPhase, reply: &SmtpReply) -> SmtpVerdict {
    let fits = |row: &&Row| row.phases.contains(&phase) && (row.says)(reply);
    match TABLE.iter().find(fits) {
        Some(row) => {
            let asked = reply.wait();
            let wait = match row.wait {
                Wait::Asked => asked,
                Wait::Rate => Some(asked.unwrap_or(RATE_PAUSE)),
                Wait::Greylisting => Some(asked.unwrap_or_default().max(GREYLISTING_MINIMUM)),
            };
            SmtpVerdict { kind: row.kind, scope: row.scope, wait }
        }
        None => no_reply(phase),
    }
}

/// What it means that no definite reply came.
fn no_reply(phase: SmtpPhase) -> SmtpVerdict {
    match phase {
        At::End => SmtpVerdict::new(NotifyErrorKind::Uncertain, Scope::Message),
        At::Mail | At::Recipient | At::Data | At::Content => {
            SmtpVerdict::new(Transient, Scope::Message)
        }
        At::Connect
        | At::Tls
        | At::Greeting
        | At::Hello
        | At::StartTls
        | At::Auth
        | At::Noop
        | At::Reset => SmtpVerdict::new(ChannelDown, Scope::Channel),
    }
}

type Classify = dyn Fn(SmtpPhase, &SmtpReply) -> Option<SmtpVerdict> + Send + Sync;

/// Turns what went wrong into an error that says what to do next, without addresses and secrets.
#[derive(Clone)]
pub(super) struct Classifier {
    pub(super) host: Option<Arc<Classify>>,
    pub(super) scrubber: Scrubber,
}

impl Classifier {
    pub(super) fn error(&self, trouble: Trouble) -> NotifyError {
        let Trouble { phase, what } = trouble;
        let (code, words, verdict, source) = match what {
            Fault::Refused(reply) => {
                let host = self.host.as_ref().and_then(|host| host(phase, &reply));
                let verdict = host.unwrap_or_else(|| verdict(phase, &reply));
                (reply.codes(), self.scrubber.clean(&reply.text()), verdict, None)
            }
            Fault::Silent => {
                let words = format!("no answer within {} s", phase.time_limit().as_secs());
                ("timeout".to_owned(), words, no_reply(phase), None)
            }
            Fault::Closed => {
                let words = "the server closed the connection".to_owned();
                ("closed".to_owned(), words, no_reply(phase), None)
            }
            Fault::Io(error) => {
                let code = if phase == At::Tls { "tls" } else { "network" };
                (code.to_owned(), error.to_string(), no_reply(phase), Some(error))
            }
            Fault::InClear => {
                let words =
                    "the server answered in clear: it has no TLS on this port, or it takes \
                             no more connections"
                        .to_owned();
                ("tls".to_owned(), words, no_reply(phase), None)
            }
            Fault::Odd(words) => {
                let words = format!("an answer that makes no sense: {words}");
                ("odd_reply".to_owned(), self.scrubber.clean(&words), no_reply(phase), None)
            }
            Fault::Missing(what) => {
                let verdict = match no_reply(phase) {
                    // Another try will not find it either.
                    SmtpVerdict { kind: Transient, scope, wait } => {
                        SmtpVerdict { kind: Permanent, scope, wait }
                    }
                    other => other,
                };
                (
                    "unsupported".to_owned(),
                    format!("the server does not offer {what}"),
                    verdict,
                    None,
                )
            }
        };
        let mut error =
            NotifyError::new(verdict.kind, code, format!("{phase}: {words}")).about(verdict.scope);
        if let Some(wait) = verdict.wait {
            error = error.retry_after(wait);
        }
        match source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

impl fmt::Debug for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classifier").field("host", &self.host.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
