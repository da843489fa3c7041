//! Where a session stands, how long it waits there, and what can go wrong there.

use std::fmt;
use std::io;
use std::time::Duration;

use super::reply::SmtpReply;

/// The step of a session that a reply belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SmtpPhase {
    /// Resolving the relay's name and connecting.
    Connect,
    /// The TLS handshake, at once or after STARTTLS.
    Tls,
    /// The server's first words.
    Greeting,
    /// EHLO.
    Hello,
    /// The request for TLS.
    StartTls,
    /// AUTH.
    Auth,
    /// NOOP, in a check only.
    Noop,
    /// RSET, before a connection is used again.
    Reset,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Recipient,
    /// DATA.
    Data,
    /// The message itself, up to the final dot.
    Content,
    /// The final dot: the server may have accepted from its first byte on.
    End,
}

impl SmtpPhase {
    /// How long to wait in this phase; in [`Content`](SmtpPhase::Content) for each block.
    ///
    /// RFC 5321, section 4.5.3.2 asks for ten minutes after the final dot: a shorter wait makes
    /// duplicates. Before MAIL shorter limits than its five minutes cost nothing but a retry.
    pub fn time_limit(self) -> Duration {
        Duration::from_secs(match self {
            SmtpPhase::Connect => 10,
            SmtpPhase::Tls => 15,
            SmtpPhase::Greeting
            | SmtpPhase::Hello
            | SmtpPhase::StartTls
            | SmtpPhase::Auth
            | SmtpPhase::Noop
            | SmtpPhase::Reset => 30,
            SmtpPhase::Mail | SmtpPhase::Recipient => 60,
            SmtpPhase::Data => 2 * 60,
            SmtpPhase::Content => 3 * 60,
            SmtpPhase::End => 10 * 60,
        })
    }
}

impl fmt::Display for SmtpPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SmtpPhase::Connect => "connect",
            SmtpPhase::Tls => "TLS",
            SmtpPhase::Greeting => "greeting",
            SmtpPhase::Hello => "EHLO",
            SmtpPhase::StartTls => "STARTTLS",
            SmtpPhase::Auth => "AUTH",
            SmtpPhase::Noop => "NOOP",
            SmtpPhase::Reset => "RSET",
            SmtpPhase::Mail => "MAIL",
            SmtpPhase::Recipient => "RCPT",
            SmtpPhase::Data => "DATA",
            SmtpPhase::Content => "content",
            SmtpPhase::End => "final dot",
        })
    }
}

/// A step that did not go as it should: where, and how.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) phase: SmtpPhase,
    pub(super) what: Fault,
}

/// How a step went wrong.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server said no.
    Refused(SmtpReply),
    /// The server said nothing in time.
    Silent,
    /// The server closed the connection.
    Closed,
    /// The network, or TLS.
    Io(io::Error),
    /// The server answered in clear where TLS was to begin.
    InClear,
    /// The server said what makes no sense here.
    Odd(String),
    /// The server does not offer what the settings or the message need.
    Missing(&'static str),
}

impl Trouble {
    pub(super) fn new(phase: SmtpPhase, what: Fault) -> Trouble {
        Trouble { phase, what }
    }

    /// Whether the server had given up the connection before this message: then it says nothing
    /// about the message, and a new connection is tried.
    pub(super) fn is_stale(&self) -> bool {
        let gone = match &self.what {
            Fault::Closed | Fault::Io(_) => true,
            Fault::Refused(reply) => reply.code() == 421,
            Fault::Silent | Fault::InClear | Fault::Odd(_) | Fault::Missing(_) => false,
        };
        gone && matches!(self.phase, SmtpPhase::Reset | SmtpPhase::Mail)
    }

    /// Whether the conversation is still in step, so that RSET can end it: a definite no to a
    /// command, and the server did not say goodbye.
    pub(super) fn leaves_in_step(&self) -> bool {
        let answered = matches!(
            self.phase,
            SmtpPhase::Mail | SmtpPhase::Recipient | SmtpPhase::Data | SmtpPhase::End
        );
        match &self.what {
            Fault::Refused(reply) => answered && reply.is_negative() && reply.code() != 421,
            Fault::Silent | Fault::Closed | Fault::Io(_) | Fault::InClear | Fault::Odd(_) => false,
            Fault::Missing(_) => true,
        }
    }
}
