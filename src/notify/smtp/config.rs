//! Settings: by a builder, a URL or the environment; checked whole before anything runs.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::extension::ClientId;
use tokio_rustls::rustls::pki_types::ServerName;

use super::SmtpNotifier;
use super::classify::{Classifier, SmtpVerdict};
use super::mailbox::{Mailbox, ascii_domain};
use super::message::Letterhead;
use super::phase::SmtpPhase;
use super::pool::Pool;
use super::relay::Relay;
use super::reply::SmtpReply;
use super::scrub::Scrubber;
use super::tls::{SmtpTls, client_config};
use super::words::Words;
use crate::task::{InvalidField, Limits, Rule};
use crate::time::{Clock, SystemClock};

/// Connections to one relay at the same time. More get a small sender throttled or blocked.
const CONNECTIONS: usize = 4;
const CONNECTIONS_MAX: usize = 64;

/// Messages over one connection; many relays close it at about this number.
const MESSAGES_PER_CONNECTION: u32 = 100;
const MESSAGES_PER_CONNECTION_MAX: u32 = 10_000;

/// Settings of an [`SmtpNotifier`] in the making; begun by [`SmtpNotifier::builder`].
///
/// Nothing is checked before [`build`](SmtpBuilder::build), but what a URL or the environment says
/// wrong.
#[derive(Clone)]
pub struct SmtpBuilder {
    /// What the settings are called where they come from.
    pub(super) words: &'static Words,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) tls: Option<SmtpTls>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    from: String,
    extra_roots: Vec<Vec<u8>>,
    hello: Option<String>,
    connections: usize,
    messages_per_connection: u32,
    unsubscribe: Option<String>,
    classify: Option<Arc<Classify>>,
    clock: Option<Arc<dyn Clock>>,
}

type Classify = dyn Fn(SmtpPhase, &SmtpReply) -> Option<SmtpVerdict> + Send + Sync;

impl SmtpBuilder {
    pub(super) fn new(words: &'static Words, host: String, from: String) -> SmtpBuilder {
        SmtpBuilder {
            words,
            host,
            port: None,
            tls: None,
            user: None,
            password: None,
            from,
            extra_roots: Vec::new(),
            hello: None,
            connections: CONNECTIONS,
            messages_per_connection: MESSAGES_PER_CONNECTION,
            unsubscribe: None,
            classify: None,
            clock: None,
        }
    }

    /// The port; without it 465 for implicit TLS, 587 for STARTTLS, 25 for none.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How the connection is protected; without it implicit TLS on port 465, else STARTTLS. There
    /// is no mode that goes on in clear where the relay offers no TLS.
    #[must_use]
    pub fn tls(mut self, tls: SmtpTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Logs in, by PLAIN or LOGIN.
    #[must_use]
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self.password = Some(password.into());
        self
    }

    /// Trusts the certificates in this PEM as well: for relays with a certificate authority of
    /// their own.
    #[must_use]
    pub fn extra_root(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.extra_roots.push(pem.into());
        self
    }

    /// The name that EHLO says; without it this machine's.
    #[must_use]
    pub fn hello(mut self, name: impl Into<String>) -> Self {
        self.hello = Some(name.into());
        self
    }

    /// Connections at the same time, 1 to 64; 4 without it. It is also how many attempts run at
    /// the same time.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Messages over one connection, 1 to 10,000; 100 without it.
    #[must_use]
    pub fn messages_per_connection(mut self, messages: u32) -> Self {
        self.messages_per_connection = messages;
        self
    }

    /// An `https` URL that unsubscribes the reader by one POST: `List-Unsubscribe` and
    /// `List-Unsubscribe-Post` (RFC 8058).
    #[must_use]
    pub fn list_unsubscribe(mut self, url: impl Into<String>) -> Self {
        self.unsubscribe = Some(url.into());
        self
    }

    /// Says otherwise what a negative reply means; `None` leaves it to the table.
    ///
    /// ```
    /// use puntual::notify::{NotifyErrorKind, Scope, SmtpNotifier, SmtpPhase, SmtpVerdict};
    ///
    /// // This relay answers 550 to RCPT while it restarts.
    /// let builder = SmtpNotifier::builder("smtp.example.com", "desk@example.com").classify(
    ///     |phase, reply| {
    ///         let restarts =
    ///             phase == SmtpPhase::Recipient && reply.text().contains("restarting");
    ///         restarts.then(|| SmtpVerdict::new(NotifyErrorKind::Transient, Scope::Message))
    ///     },
    /// );
    /// assert!(builder.build().is_ok());
    /// ```
    #[must_use]
    pub fn classify(
        mut self,
        classify: impl Fn(SmtpPhase, &SmtpReply) -> Option<SmtpVerdict> + Send + Sync + 'static,
    ) -> Self {
        self.classify = Some(Arc::new(classify));
        self
    }

    /// The clock that the time limits run by; without it the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Checks the settings. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// The first setting that is wrong, by its name where it came from (`SMTP_PORT`), with the
    /// rule. It never shows a password.
    pub fn build(self) -> Result<SmtpNotifier, InvalidField> {
        let words = self.words;
        let tls = self.tls.unwrap_or(match self.port {
            Some(465) => SmtpTls::Implicit,
            _ => SmtpTls::StartTls,
        });
        if self.port == Some(0) {
            return Err(InvalidField::new(words.port, Rule::OutOfRange, "it must be 1 to 65535"));
        }
        let (host, tls_name) = checked_host(words, &self.host)?;
        let from = Mailbox::read(words.from, &self.from)?;
        let credentials = self.checked_credentials()?;
        if credentials.is_some() && tls == SmtpTls::None && !is_loopback(&host) {
            let rule = "without TLS, credentials are sent to this machine only (localhost, \
                        127.0.0.1, ::1); take implicit or starttls";
            return Err(InvalidField::new(words.tls, Rule::Contradiction, rule));
        }
        let tls_config = client_config(&self.extra_roots)
            .map_err(|why| InvalidField::new("extra root", Rule::Malformed, why))?;
        in_range("connections", self.connections, 1..=CONNECTIONS_MAX)?;
        let per_connection = 1..=MESSAGES_PER_CONNECTION_MAX;
        in_range("messages per connection", self.messages_per_connection, per_connection)?;
        let letterhead = Letterhead { from, unsubscribe: checked_url(self.unsubscribe)? };
        let scrubber = Scrubber::new(secrets(self.password.as_deref(), credentials.as_ref()));
        let relay = Arc::new(Relay {
            host,
            port: self.port.unwrap_or(tls.usual_port()),
            tls,
            tls_config,
            tls_name,
            credentials,
            hello: checked_hello(self.hello)?,
            connections: self.connections,
            messages_per_connection: self.messages_per_connection,
            classifier: Classifier { host: self.classify, scrubber },
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
            journal: None,
        });
        Ok(SmtpNotifier { pool: Arc::new(Pool::new(relay.clone())), relay, letterhead })
    }

    fn checked_credentials(&self) -> Result<Option<Credentials>, InvalidField> {
        let words = self.words;
        let (user, password) = match (&self.user, &self.password) {
            (None, None) => return Ok(None),
            (Some(user), Some(password)) => (user, password),
            (Some(_), None) => {
                let rule = "it must be given together with the user";
                return Err(InvalidField::new(words.password, Rule::Contradiction, rule));
            }
            (None, Some(_)) => {
                let rule = "it must be given together with the password";
                return Err(InvalidField::new(words.user, Rule::Contradiction, rule));
            }
        };
        for (field, value) in [(words.user, user), (words.password, password)] {
            Limits::key_text(field, value, Limits::KEY_BYTES)?;
        }
        Ok(Some(Credentials::new(user.clone(), password.clone())))
    }
}

impl fmt::Debug for SmtpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpBuilder")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("credentials", &self.password.as_ref().map(|_| "***"))
            .finish_non_exhaustive()
    }
}

/// The host in the form in which it is looked up, and for its certificate.
fn checked_host(
    words: &'static Words,
    host: &str,
) -> Result<(String, ServerName<'static>), InvalidField> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok((ip.to_string(), ServerName::from(ip)));
    }
    let ascii = ascii_domain(host.strip_suffix('.').unwrap_or(host));
    ascii
        .and_then(|host| ServerName::try_from(host.clone()).ok().map(|name| (host, name)))
        .ok_or_else(|| {
            let rule = "it must be a domain name or an IP address, without a port";
            InvalidField::new(words.host, Rule::Malformed, rule).with_value(host)
        })
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What EHLO says: a domain name, or the literal that RFC 5321 section 4.1.4 has for hosts
/// without one.
fn checked_hello(hello: Option<String>) -> Result<String, InvalidField> {
    let is_name = |name: &str| {
        let visible = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        !name.is_empty() && name.len() <= Limits::KEY_BYTES && name.chars().all(visible)
    };
    match hello {
        Some(hello) if is_name(&hello) => Ok(hello),
        Some(hello) => {
            let rule = "it must be a domain name, or an address in brackets";
            Err(InvalidField::new("hello", Rule::Malformed, rule).with_value(hello))
        }
        None => {
            let own = ClientId::default().to_string();
            Ok(if is_name(&own) { own } else { "[127.0.0.1]".to_owned() })
        }
    }
}

fn checked_url(url: Option<String>) -> Result<Option<String>, InvalidField> {
    let visible = |c: char| c.is_ascii_graphic() && !"<>\"\\^`{|}".contains(c);
    match url {
        Some(url) if !url.starts_with("https://") || !url.chars().all(visible) => {
            let rule = "it must be an https:// URL, percent-encoded (RFC 8058)";
            Err(InvalidField::new("list-unsubscribe", Rule::Malformed, rule))
        }
        Some(url) if url.len() > 900 => {
            let rule = "it must have at most 900 bytes";
            Err(InvalidField::new("list-unsubscribe", Rule::TooLong, rule))
        }
        url => Ok(url),
    }
}

fn in_range<N: PartialOrd + fmt::Display>(
    field: &'static str,
    value: N,
    range: std::ops::RangeInclusive<N>,
) -> Result<(), InvalidField> {
    if range.contains(&value) {
        return Ok(());
    }
    let rule = format!("it must be {} to {}", range.start(), range.end());
    Err(InvalidField::new(field, Rule::OutOfRange, rule).with_value(value.to_string()))
}

/// The password in each form in which it goes over the wire: a server may repeat it.
fn secrets(password: Option<&str>, credentials: Option<&Credentials>) -> Vec<String> {
    let mut secrets: Vec<String> = password.map(str::to_owned).into_iter().collect();
    let challenges = [(Mechanism::Plain, None), (Mechanism::Login, Some("Password".to_owned()))];
    for (mechanism, challenge) in challenges {
        let line = credentials
            .and_then(|credentials| Auth::new(mechanism, credentials.clone(), challenge).ok())
            .map(|auth| auth.to_string());
        let encoded = line.as_deref().and_then(|line| line.split_whitespace().last());
        secrets.extend(encoded.map(str::to_owned));
    }
    secrets
}
