//! E-mail by SMTP, telling the truth about what was sent.
//!
//! Messages are built and logins encoded by lettre. The session is our own, because what lettre
//! offers cannot tell *when* something went wrong: a connection that breaks before the final dot
//! has sent nothing, one that breaks after it may have sent the message, and a client that cannot
//! tell them apart either loses reminders or repeats them. The rules here:
//!
//! - a [phase](SmtpPhase) has its own time limit, and a reply means what it means in its phase;
//! - the gate stands right before the final dot, the first byte after which a server may accept;
//! - only `2xx` after the dot is success; a definite no is a failure; anything else is uncertain;
//! - a connection about which there is any doubt is closed, and never used for another message;
//! - without the TLS that the settings ask for, nothing is sent, least of all a password.

mod classify;
mod config;
mod connect;
mod headers;
mod mailbox;
mod message;
mod offers;
mod phase;
mod pool;
mod relay;
mod remedy;
mod reply;
mod scrub;
mod session;
mod tls;
mod trial;
mod wire;
mod words;

pub use classify::SmtpVerdict;
pub use config::SmtpBuilder;
pub use phase::SmtpPhase;
pub use reply::{EnhancedCode, SmtpReply};
pub use tls::SmtpTls;
pub use trial::{SmtpTrial, SmtpTrialStep};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::authentication::Mechanism;

use self::message::{Letterhead, compose};
use self::pool::Pool;
use self::relay::Relay;
use self::session::{Session, Unsent};
use super::{Attempt, Health, Notification, Notifier, NotifyError, OnUncertain, Receipt};
use crate::task::{Channel, InvalidField, SafeText};

/// How long after an uncertain hand-off the message is repeated, with the same Message-ID: long
/// enough for the relay to have noticed what it has.
const RESEND_AFTER: Duration = Duration::from_secs(15 * 60);

/// Delivers e-mail through a relay.
///
/// # Examples
///
/// ```
/// use puntual::notify::{SmtpNotifier, SmtpTls};
///
/// let by_hand = SmtpNotifier::builder("smtp.example.com", "Court Club <desk@example.com>")
///     .tls(SmtpTls::Implicit)
///     .credentials("desk", "a secret")
///     .build()?;
/// let by_url = SmtpNotifier::from_url("smtps://desk:a%20secret@smtp.example.com", "desk@example.com")?;
/// assert!(!format!("{by_hand:?} {by_url:?}").contains("secret"));
///
/// let refused = SmtpNotifier::from_url("smtp://desk:x@smtp.example.com?tls=none", "desk@example.com");
/// assert!(refused.is_err(), "no password in clear");
/// # Ok::<(), puntual::task::InvalidField>(())
/// ```
pub struct SmtpNotifier {
    relay: Arc<Relay>,
    pool: Arc<Pool>,
    letterhead: Letterhead,
}

impl SmtpNotifier {
    /// Begins the settings: the relay's host, and the sender (`desk@example.com`, or
    /// `Court Club <desk@example.com>`).
    pub fn builder(host: impl Into<String>, from: impl Into<String>) -> SmtpBuilder {
        SmtpBuilder::new(&words::BUILDER, host.into(), from.into())
    }

    /// By a URL; see [`SmtpBuilder::from_url`].
    ///
    /// # Errors
    ///
    /// The part that is wrong, with the rule.
    pub fn from_url(url: &str, from: impl Into<String>) -> Result<SmtpNotifier, InvalidField> {
        SmtpBuilder::from_url(url, from)?.build()
    }

    /// By the environment; see [`SmtpBuilder::from_env`].
    ///
    /// # Errors
    ///
    /// The variable that is missing or wrong, with the rule.
    pub fn from_env() -> Result<SmtpNotifier, InvalidField> {
        SmtpBuilder::from_env()?.build()
    }

    fn working(&self, session: &Session) -> SafeText {
        let relay = &self.relay;
        let protection = match &session.protection {
            Some(version) => format!("{version} with a valid certificate"),
            None => "no TLS".to_owned(),
        };
        let login = match session.login {
            Some(Mechanism::Plain) => "logged in by PLAIN",
            Some(_) => "logged in by LOGIN",
            None => "no login",
        };
        let offers = &session.offers;
        let extras = [
            ("SMTPUTF8", offers.smtp_utf8),
            ("8BITMIME", offers.eight_bit),
            ("PIPELINING", offers.pipelining),
            ("DELIVERBY", offers.deliver_by.is_some()),
        ];
        let extras: Vec<&str> =
            extras.into_iter().filter_map(|(name, offered)| offered.then_some(name)).collect();
        let extras = if extras.is_empty() { "nothing more".to_owned() } else { extras.join(", ") };
        SafeText::new(format!(
            "connected to {} on port {}: {protection}, {login}, NOOP answered; it offers {extras}",
            relay.host, relay.port,
        ))
    }
}

#[async_trait]
impl Notifier for SmtpNotifier {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Resend { after: RESEND_AFTER }
    }

    /// As many as there may be connections: more would only wait for one.
    fn concurrency(&self) -> usize {
        self.relay.connections
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> Result<Receipt, NotifyError> {
        let classifier = &self.relay.classifier;
        let mail = compose(&self.letterhead, attempt, notification)?;
        let mut fresh = false;
        loop {
            let taken = self.pool.take(fresh).await;
            let mut taken = taken.map_err(|trouble| classifier.error(trouble))?;
            let result = taken.session.send(&self.relay, &mail, attempt).await;
            if let Err(Unsent::Trouble(trouble)) = &result
                && taken.used
                && trouble.is_stale()
            {
                fresh = true; // at most once: a fresh session is not a used one
                continue;
            }
            self.pool.give_back(taken);
            return result.map_err(|unsent| match unsent {
                Unsent::Trouble(trouble) => classifier.error(trouble),
                Unsent::Gate(error) => error,
            });
        }
    }

    /// Connects, protects, logs in, asks whether the server is there (NOOP), and says goodbye.
    async fn check(&self) -> Result<Health, NotifyError> {
        let classifier = &self.relay.classifier;
        let session = Session::open(&self.relay).await.map_err(|t| classifier.error(t))?;
        let words = self.working(&session);
        session.end_check(&self.relay).await.map_err(|t| classifier.error(t))?;
        Ok(Health::Working(words))
    }
}

impl fmt::Debug for SmtpNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpNotifier").field("relay", &self.relay).finish_non_exhaustive()
    }
}
