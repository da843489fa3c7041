//! What to do about a message that was not accepted, in a sentence for whoever sets a relay up.

use super::phase::SmtpPhase;
use crate::notify::{NotifyError, NotifyErrorKind, Scope};

/// By the phase first, as everything about a relay.
pub(super) fn remedy(phase: SmtpPhase, error: &NotifyError) -> &'static str {
    let is_unsupported = error.code().as_str() == "unsupported";
    match (phase, error.kind()) {
        (_, NotifyErrorKind::Uncertain) => {
            "look into the mailbox before you try again: it may have been accepted"
        }
        (SmtpPhase::Connect, _) => {
            "check host and port, and whether this machine may reach them: many networks block \
             port 25"
        }
        (SmtpPhase::Tls, _) => {
            "check the port (465: TLS at once, 587: STARTTLS) and the certificate: it must name the \
             host and come from an authority that is trusted"
        }
        (SmtpPhase::Greeting | SmtpPhase::Hello | SmtpPhase::Noop | SmtpPhase::Reset, _) => {
            "check the port (465: TLS at once, 587: STARTTLS), and whether the relay lets this \
             machine in"
        }
        (SmtpPhase::StartTls, _) if is_unsupported => {
            "take implicit TLS on port 465, or no TLS for a relay on this machine"
        }
        (SmtpPhase::StartTls, _) => "try again later, or take implicit TLS on port 465",
        (SmtpPhase::Auth, _) if is_unsupported => {
            "the relay offers no login by a password here: check the port, or leave the user out"
        }
        (SmtpPhase::Auth, _) => {
            "check user and password; many providers want a password made for applications"
        }
        (_, _) if is_unsupported => "the relay cannot deliver to such an address: take another one",
        (SmtpPhase::Mail, _) => {
            "take a sender that this user may use: verify the domain with the relay, or log in"
        }
        (SmtpPhase::Recipient, NotifyErrorKind::Transient) => {
            "try again in a few minutes: the relay makes strangers wait, or is busy"
        }
        (SmtpPhase::Recipient, _) if error.scope() == Scope::Recipient => {
            "check the address: the relay does not know it"
        }
        (SmtpPhase::Recipient, _) => {
            "the relay does not deliver there: log in, or ask whoever runs it what its words mean"
        }
        (SmtpPhase::Data | SmtpPhase::Content | SmtpPhase::End, NotifyErrorKind::Permanent) => {
            "the relay refuses the message: ask whoever runs it what its words mean"
        }
        (SmtpPhase::Data | SmtpPhase::Content | SmtpPhase::End, _) => "try again in a few minutes",
    }
}
