//! From a notification to the bytes of an e-mail.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{MessageBuilder, MultiPart, SinglePart};

use super::encoded::header_text;
use super::mailbox::Mailbox;
use super::offers::Offers;
use super::phase::{Fault, SmtpPhase, Trouble};
use crate::notify::{Attempt, Notification, NotifyError, Scope};
use crate::task::{Address, InvalidField, Rule};

/// Bytes of a line without its end (RFC 5322, section 2.1.1).
const LINE_BYTES_MAX: usize = 998;

/// What all messages of a notifier have in common.
#[derive(Debug)]
pub(super) struct Letterhead {
    pub(super) from: Mailbox,
    /// An `https` URL that unsubscribes by one POST (RFC 8058).
    pub(super) unsubscribe: Option<String>,
}

/// A message ready for the wire.
pub(super) struct Mail {
    /// The envelope's sender and recipient.
    pub(super) sender: String,
    pub(super) recipient: String,
    /// Headers and body in lines that end with CRLF, leading dots doubled, without the final dot.
    pub(super) content: Vec<u8>,
    needs_utf8: bool,
    is_ascii: bool,
    expires_at: DateTime<Utc>,
}

impl Mail {
    /// The parameters of MAIL that this server understands and this message needs.
    pub(super) fn options(&self, offers: &Offers, now: DateTime<Utc>) -> Result<String, Trouble> {
        let missing = |what| Trouble::new(SmtpPhase::Mail, Fault::Missing(what));
        let mut options = String::new();
        if self.needs_utf8 {
            if !offers.smtp_utf8 {
                return Err(missing("SMTPUTF8, which this address needs"));
            }
            options.push_str(" SMTPUTF8");
        }
        if !self.is_ascii {
            if !offers.eight_bit {
                return Err(missing("8BITMIME, which this message needs"));
            }
            options.push_str(" BODY=8BITMIME");
        }
        // RFC 2852, section 4: to be returned (R) when it cannot be delivered in time. Less than
        // the server's minimum would be refused.
        let left = self.expires_at.signed_duration_since(now).num_seconds();
        if let (Ok(left), Some(shortest)) = (u64::try_from(left), offers.deliver_by)
            && left >= shortest.max(1)
        {
            options.push_str(&format!(" BY={};R", left.min(999_999_999)));
        }
        Ok(options)
    }
}

/// Builds the message of an attempt.
///
/// # Errors
///
/// `Permanent`: the recipient has no mailbox, a part breaks a rule, or the sender given for this
/// message is no mailbox.
pub(super) fn compose(
    letterhead: &Letterhead,
    attempt: &Attempt,
    notification: &Notification,
) -> Result<Mail, NotifyError> {
    let about_message = |error| refused(Scope::Message, error);
    let about_sender = |error| refused(Scope::Sender, error);
    let recipient = &notification.recipient;
    let Address::Email(address) = recipient.address() else {
        let rule = "an e-mail address is needed; a reference must be resolved first";
        return Err(about_message(InvalidField::new("address", Rule::Malformed, rule)));
    };
    let message = &notification.message;
    message.check().map_err(about_message)?;
    let to = Mailbox::new("name", recipient.name(), address).map_err(about_message)?;
    let from = match &notification.from {
        Some(from) => Mailbox::read("from", from).map_err(about_sender)?,
        None => letterhead.from.clone(),
    };
    let reply_to = match &notification.reply_to {
        Some(text) => Some(Mailbox::read("reply-to", text).map_err(about_sender)?),
        None => None,
    };
    let content = build(letterhead, attempt, notification, [&from, &to], reply_to.as_ref())
        .map_err(|error| refused(Scope::Message, error))?;
    check_lines(&content).map_err(about_message)?;
    Ok(Mail {
        sender: from.address(),
        recipient: to.address(),
        needs_utf8: [Some(&from), Some(&to), reply_to.as_ref()]
            .into_iter()
            .flatten()
            .any(Mailbox::needs_utf8),
        is_ascii: content.is_ascii(),
        content: with_dots_doubled(&content),
        expires_at: attempt.expires_at().min(notification.expires_at),
    })
}

/// Headers and body, as lettre writes them.
fn build(
    letterhead: &Letterhead,
    attempt: &Attempt,
    notification: &Notification,
    [from, to]: [&Mailbox; 2],
    reply_to: Option<&Mailbox>,
) -> Result<Vec<u8>, lettre::error::Error> {
    let key = attempt.idempotency_key();
    let message = &notification.message;
    let mailbox =
        |mailbox: &Mailbox| mailbox.for_header().map_err(|_| lettre::error::Error::MissingFrom);
    let mut builder = Message::builder()
        .from(mailbox(from)?)
        .to(mailbox(to)?)
        .date(SystemTime::from(attempt.now()))
        .message_id(Some(format!("<{key}@{}>", from.domain())))
        .raw_header(header("Auto-Submitted", "auto-generated"));
    if let Some(reply_to) = reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    if let Some(url) = &letterhead.unsubscribe {
        builder = builder
            .raw_header(header("List-Unsubscribe", &format!("<{url}>")))
            .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
    }
    if let Some(subject) = &message.subject {
        builder = builder.subject(header_text(subject));
    }
    let built = with_body(builder, &key, &message.text, message.html.as_deref())?;
    let mut content = built.formatted();
    if !content.ends_with(b"\r\n") {
        content.extend_from_slice(b"\r\n");
    }
    Ok(content)
}

/// Text alone, or text and HTML as two forms of the same (RFC 2046, section 5.1.4).
fn with_body(
    builder: MessageBuilder,
    key: &str,
    text: &str,
    html: Option<&str>,
) -> Result<Message, lettre::error::Error> {
    let text = SinglePart::plain(unix_lines(text));
    let Some(html) = html else {
        return builder.singlepart(text);
    };
    let html = SinglePart::html(unix_lines(html));
    // The same message has the same bytes at each attempt. `=_` never stands in quoted-printable
    // text, and nobody who writes into a message knows the task's random id.
    let alternative = MultiPart::alternative().boundary(format!("=_{key}"));
    builder.multipart(alternative.singlepart(text).singlepart(html))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// All line ends as `\n`, a lone carriage return included: lettre makes CRLF of that.
fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// What must be true of every message, whoever built it: lines end with CRLF and nothing else,
/// and none is longer than mail servers must take.
fn check_lines(content: &[u8]) -> Result<(), InvalidField> {
    let refuse = |rule| Err(InvalidField::new("message", Rule::Malformed, rule));
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\r\n") else {
            return refuse("a line ends without CRLF");
        };
        if line.contains(&b'\r') {
            return refuse("a line holds a bare carriage return");
        }
        if line.len() > LINE_BYTES_MAX {
            return refuse("a line is longer than 998 bytes");
        }
    }
    Ok(())
}

/// Transparency (RFC 5321, section 4.5.2): a dot before each line that begins with one.
fn with_dots_doubled(content: &[u8]) -> Vec<u8> {
    let mut doubled = Vec::with_capacity(content.len() + content.len() / 64);
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            doubled.push(b'.');
        }
        doubled.extend_from_slice(line);
    }
    doubled
}

fn refused(scope: Scope, error: impl std::error::Error + Send + Sync + 'static) -> NotifyError {
    NotifyError::permanent("message", error.to_string()).about(scope).with_source(error)
}

#[cfg(test)]
mod tests;
