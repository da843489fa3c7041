//! One connection to a relay, which knows at every moment what the server may think.
//!
//! Whoever drops a session in the middle of a step drops the connection: there is no way back
//! into the [pool](super::pool) but through a step that ended well.

use futures_util::FutureExt as _;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::response::Response;

use super::connect::connect;
use super::message::Mail;
use super::offers::Offers;
use super::phase::{Fault, SmtpPhase, Trouble};
use super::relay::{Alarm, Relay};
use super::reply::SmtpReply;
use super::tls::SmtpTls;
use super::wire::Wire;
use crate::notify::{Attempt, Evidence, NotifyError, Receipt};

/// Bytes of a message that are written under one time limit.
const BLOCK_BYTES: usize = 64 * 1024;

/// Challenges of one AUTH: LOGIN asks for two things, a server that asks on is broken.
const CHALLENGES_MAX: usize = 3;

/// A session between two messages, or in the middle of one.
pub(super) struct Session {
    wire: Wire,
    alarm: Alarm,
    pub(super) offers: Offers,
    /// Under which version of TLS it runs.
    pub(super) protection: Option<String>,
    /// By what it logged in.
    pub(super) login: Option<Mechanism>,
    /// Messages that it took.
    pub(super) accepted: u32,
    /// Whether RSET must come first: the last transaction was not finished.
    needs_reset: bool,
    /// Whether server and client agree on where they are.
    pub(super) in_step: bool,
    /// Whether a command was answered as if another one had not been refused.
    is_astray: bool,
}

/// Why a message was not accepted.
#[derive(Debug)]
pub(super) enum Unsent {
    Trouble(Trouble),
    /// The gate is closed, or it opened too late.
    Gate(NotifyError),
}

impl From<Trouble> for Unsent {
    fn from(trouble: Trouble) -> Self {
        Unsent::Trouble(trouble)
    }
}

impl Session {
    /// Connects, greets, protects, logs in.
    pub(super) async fn open(relay: &Relay) -> Result<Session, Trouble> {
        let mut alarm = Alarm::default();
        let mut wire = connect(relay, &mut alarm).await?;
        let mut protection = None;
        if relay.tls == SmtpTls::Implicit {
            (wire, protection) = upgrade(relay, &mut alarm, wire).await?;
        }
        let greeting = relay.within(&mut alarm, SmtpPhase::Greeting, wire.reply()).await?;
        positive(SmtpPhase::Greeting, greeting)?;
        let mut session = Session {
            wire,
            alarm,
            offers: Offers::default(),
            protection,
            login: None,
            accepted: 0,
            needs_reset: false,
            in_step: true,
            is_astray: false,
        };
        session.hello(relay).await?;
        if relay.tls == SmtpTls::StartTls {
            session = session.start_tls(relay).await?;
        }
        if let Some(credentials) = &relay.credentials {
            session.log_in(relay, credentials).await?;
        }
        Ok(session)
    }

    /// Sends one message to one recipient: MAIL, RCPT, DATA, the content; then the gate; then the
    /// final dot.
    ///
    /// The content ends with a line end, and everything before the dot belongs to a message that
    /// no conforming server may accept yet (RFC 5321, section 4.1.1.4). So the gate stands right
    /// before the dot, the first byte after which the server may have accepted.
    pub(super) async fn send(
        &mut self,
        relay: &Relay,
        mail: &Mail,
        attempt: &Attempt,
    ) -> Result<Receipt, Unsent> {
        self.in_step = false;
        let result = self.transact(relay, mail, attempt).await;
        if let Err(Unsent::Trouble(trouble)) = &result
            && trouble.leaves_in_step()
            && !self.is_astray
            && !self.wire.has_unread()
        {
            self.in_step = true;
            self.needs_reset |= !matches!(trouble.what, Fault::Missing(_));
        }
        result
    }

    async fn transact(
        &mut self,
        relay: &Relay,
        mail: &Mail,
        attempt: &Attempt,
    ) -> Result<Receipt, Unsent> {
        let options = mail.options(&self.offers, attempt.now())?;
        let commands = [
            (SmtpPhase::Mail, format!("MAIL FROM:<{}>{options}", mail.sender)),
            (SmtpPhase::Recipient, format!("RCPT TO:<{}>", mail.recipient)),
            (SmtpPhase::Data, "DATA".to_owned()),
        ];
        if self.offers.pipelining {
            self.ask_at_once(relay, &commands).await?;
        } else {
            for (phase, command) in &commands {
                as_hoped(*phase, self.ask(relay, *phase, command).await?)?;
            }
        }
        self.write_content(relay, &mail.content).await?;
        let handed_off = attempt.hand_off().await.map_err(Unsent::Gate)?;
        if handed_off.time_left().is_zero() {
            let detail = "the lease was nearly over when the gate opened; nothing was sent";
            return Err(Unsent::Gate(NotifyError::transient("gate_late", detail)));
        }
        let end = async {
            self.wire.write(b".\r\n").await?;
            self.wire.last_reply().await
        };
        let reply = relay.within(&mut self.alarm, SmtpPhase::End, end).await?;
        if !reply.is_positive() {
            return Err(not(SmtpPhase::End, reply).into());
        }
        self.accepted += 1;
        self.in_step = !self.wire.has_unread();
        Ok(handed_off.accepted(evidence(relay, &reply)))
    }

    /// Writes the commands in one piece and reads their answers in turn (RFC 2920): one round trip
    /// instead of three. The first answer that is not the one hoped for counts, and the others are
    /// read to stay in step. DATA is the last: nothing of the message goes out before its answer.
    async fn ask_at_once(
        &mut self,
        relay: &Relay,
        commands: &[(SmtpPhase, String); 3],
    ) -> Result<(), Trouble> {
        let lines: String = commands.iter().map(|(_, command)| format!("{command}\r\n")).collect();
        let mut first = None;
        for (phase, _) in commands {
            let exchange = async {
                if *phase == SmtpPhase::Mail {
                    self.wire.write(lines.as_bytes()).await?;
                }
                match phase {
                    SmtpPhase::Data => self.wire.reply().await,
                    _ => self.wire.first_reply().await,
                }
            };
            let reply = relay.within(&mut self.alarm, *phase, exchange.boxed()).await;
            let outcome = reply.and_then(|reply| as_hoped(*phase, reply));
            match (&first, outcome) {
                (None, Ok(())) => {}
                (None, Err(trouble)) if trouble.leaves_in_step() => first = Some(trouble),
                (None, Err(trouble)) => return Err(trouble),
                // Without sender and recipient the server waits for a message all the same: there
                // is no way back but to close (RFC 2920, section 3.1 would send an empty one).
                (Some(_), Ok(())) => self.is_astray |= *phase == SmtpPhase::Data,
                (Some(_), Err(trouble)) => self.is_astray |= !trouble.leaves_in_step(),
            }
            if self.is_astray {
                break;
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// Writes the content, and looks whether the server said no meanwhile: read after the dot,
    /// that no would be taken for the answer to it.
    async fn write_content(&mut self, relay: &Relay, content: &[u8]) -> Result<(), Trouble> {
        let phase = SmtpPhase::Content;
        for block in content.chunks(BLOCK_BYTES) {
            let written = relay.within(&mut self.alarm, phase, self.wire.write(block)).await;
            if let Err(trouble) = written {
                return Err(match self.wire.early_reply().await {
                    Some(reply) => not(phase, reply),
                    None => trouble,
                });
            }
        }
        if self.wire.is_quiet().await {
            return Ok(());
        }
        let reply = relay.within(&mut self.alarm, phase, self.wire.reply()).await?;
        Err(not(phase, reply))
    }

    /// Makes it ready for another message; `false` where the server has given it up meanwhile.
    pub(super) async fn is_ready(&mut self, relay: &Relay) -> bool {
        if !self.wire.is_quiet().await {
            return false;
        }
        if !self.needs_reset {
            return true;
        }
        self.needs_reset = false;
        let reset = self.ask(relay, SmtpPhase::Reset, "RSET").await;
        reset.is_ok_and(|reply| reply.is_positive())
    }

    /// Asks whether the server is still there, and says goodbye.
    pub(super) async fn end_check(mut self, relay: &Relay) -> Result<(), Trouble> {
        positive(SmtpPhase::Noop, self.ask(relay, SmtpPhase::Noop, "NOOP").await?)?;
        self.leave();
        Ok(())
    }

    /// Says goodbye without waiting for anything.
    pub(super) fn leave(self) {
        self.wire.leave();
    }

    async fn hello(&mut self, relay: &Relay) -> Result<(), Trouble> {
        let command = format!("EHLO {}", relay.hello);
        let reply = self.ask(relay, SmtpPhase::Hello, &command).await?;
        self.offers = Offers::read(&positive(SmtpPhase::Hello, reply)?);
        Ok(())
    }

    async fn start_tls(mut self, relay: &Relay) -> Result<Session, Trouble> {
        if !self.offers.start_tls {
            return Err(Trouble::new(SmtpPhase::StartTls, Fault::Missing("STARTTLS")));
        }
        let phase = SmtpPhase::StartTls;
        positive(phase, self.ask(relay, phase, "STARTTLS").await?)?;
        // What came in clear behind the answer would be taken for the server's words under TLS
        // (CVE-2011-0411): somebody else may have written it.
        if self.wire.unasked().await.map_err(|what| Trouble::new(phase, what))? {
            let what = "bytes in clear behind the answer to STARTTLS".to_owned();
            return Err(Trouble::new(phase, Fault::Odd(what)));
        }
        let (wire, protection) = upgrade(relay, &mut self.alarm, self.wire).await?;
        let mut session = Session { wire, protection, ..self };
        // What was offered in clear may have been written by anybody (RFC 3207, section 4.2).
        session.hello(relay).await?;
        Ok(session)
    }

    async fn log_in(&mut self, relay: &Relay, credentials: &Credentials) -> Result<(), Trouble> {
        let phase = SmtpPhase::Auth;
        let odd = |error: lettre::transport::smtp::Error| {
            Trouble::new(phase, Fault::Odd(error.to_string()))
        };
        let Some(mechanism) = self.offers.mechanism() else {
            return Err(Trouble::new(phase, Fault::Missing("AUTH by PLAIN or LOGIN")));
        };
        let first = Auth::new(mechanism, credentials.clone(), None).map_err(odd)?;
        let mut reply = self.ask(relay, phase, first.to_string().trim_end()).await?;
        for _ in 0..CHALLENGES_MAX {
            if reply.code() != 334 {
                break;
            }
            let challenge = format!("334 {}\r\n", reply.text()).parse::<Response>().map_err(odd)?;
            let next =
                Auth::new_from_response(mechanism, credentials.clone(), &challenge).map_err(odd)?;
            reply = self.ask(relay, phase, next.to_string().trim_end()).await?;
        }
        positive(phase, reply)?;
        self.login = Some(mechanism);
        Ok(())
    }

    async fn ask(
        &mut self,
        relay: &Relay,
        phase: SmtpPhase,
        command: &str,
    ) -> Result<SmtpReply, Trouble> {
        let line = format!("{command}\r\n");
        let exchange = async {
            self.wire.write(line.as_bytes()).await?;
            self.wire.reply().await
        };
        relay.within(&mut self.alarm, phase, exchange.boxed()).await
    }
}

async fn upgrade(
    relay: &Relay,
    alarm: &mut Alarm,
    wire: Wire,
) -> Result<(Wire, Option<String>), Trouble> {
    let (config, name) = (relay.tls_config.clone(), relay.tls_name.clone());
    relay.within(alarm, SmtpPhase::Tls, wire.upgrade(config, name)).await
}

fn positive(phase: SmtpPhase, reply: SmtpReply) -> Result<SmtpReply, Trouble> {
    if reply.is_positive() { Ok(reply) } else { Err(not(phase, reply)) }
}

/// The answer to a command of a transaction: yes, or for DATA the invitation to go on.
fn as_hoped(phase: SmtpPhase, reply: SmtpReply) -> Result<(), Trouble> {
    match phase {
        SmtpPhase::Data if reply.code() != 354 => Err(not(phase, reply)),
        SmtpPhase::Data => Ok(()),
        _ => positive(phase, reply).map(drop),
    }
}

/// A reply that is not the one hoped for: a no, or nonsense.
fn not(phase: SmtpPhase, reply: SmtpReply) -> Trouble {
    let what = if reply.is_negative() {
        Fault::Refused(reply)
    } else {
        Fault::Odd(format!("{} {}", reply.codes(), reply.text()))
    };
    Trouble::new(phase, what)
}

/// The server's words, and what it calls the message: Postfix says "queued as 4F2A", Exim
/// "id=1abc-2d", others just "Ok" and a word.
fn evidence(relay: &Relay, reply: &SmtpReply) -> Evidence {
    let text = reply.text();
    let evidence =
        Evidence::new(relay.classifier.scrubber.clean(&format!("{} {text}", reply.codes())));
    let word = |rest: &str| {
        let end = rest.find(|c: char| c.is_whitespace() || ",;()<>".contains(c));
        rest[..end.unwrap_or(rest.len())].to_owned()
    };
    let after = |mark: &str| text.find(mark).map(|at| word(&text[at + mark.len()..]));
    let lone = text
        .strip_prefix("Ok ")
        .or_else(|| text.strip_prefix("OK "))
        .filter(|rest| !rest.contains(' '))
        .map(str::to_owned);
    match after("queued as ").or_else(|| after("id=")).or(lone).filter(|id| !id.is_empty()) {
        Some(id) => evidence.with_provider_id(id),
        None => evidence,
    }
}
