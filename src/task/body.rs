//! The engine's own record of a request: one text that stores keep byte for byte.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CalendarEntry, Content, InvalidField, Limits, Recipient, Rule, SafeText, TaskData};
use crate::policy::{ExpiryPolicy, PastDue, RetryPolicy};
use crate::time::{DeliveryWindow, EventTime, Trigger, wire};

/// The version of the record that this library writes.
const VERSION: u32 = 1;

/// The stored text of a [`Body`]: two lines of JSON, the [`Head`] and the rest.
///
/// To stores it is opaque, but for one rule: *blanking* a row keeps the first line. The second line
/// holds everything personal, and a checksum over both lines and the host's data, so that a damaged
/// row is noticed before anything is sent from it. `Debug` shows the length only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TaskBody(String);

/// What is known of a request: the head, which outlives blanking, and the rest.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Body {
    /// Generation, event and trigger.
    pub head: Head,
    /// The request as given.
    pub request: Request,
    /// What the engine has to remember between two rounds.
    pub memory: Memory,
}

/// The part of a body that holds nothing personal and outlives blanking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Head {
    /// The version of the record.
    pub version: u32,
    /// Grows when the event moves or the row is reopened; from 1.
    pub generation: u32,
    /// The event time as the host gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventTime>,
    /// The rule by which the due time follows.
    pub trigger: Trigger,
}

/// A request as the host gave it: comparing two of them says whether anything changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Request {
    /// Whom to tell.
    pub to: Recipient,
    /// In which words.
    pub content: Content,
    /// What if it is due in the past.
    pub past_due: PastDue,
    /// When it is too late.
    pub expiry: ExpiryPolicy,
    /// How often to try; the channel's own policy where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// When messages may go out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<DeliveryWindow>,
    /// Whom to tell instead, in this order, when this fails for good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<Recipient>,
    /// From whom, where it is not the channel's own sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where answers go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The calendar file that goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarEntry>,
}

impl Request {
    /// A request with the usual policies.
    pub fn new(to: Recipient, content: Content) -> Self {
        Request {
            to,
            content,
            past_due: PastDue::default(),
            expiry: ExpiryPolicy::default(),
            retry: None,
            window: None,
            fallback: Vec::new(),
            from: None,
            reply_to: None,
            calendar: None,
        }
    }

    /// With policies of its own.
    #[must_use]
    pub fn with_policies(
        mut self,
        past_due: PastDue,
        expiry: ExpiryPolicy,
        retry: Option<RetryPolicy>,
        window: Option<DeliveryWindow>,
    ) -> Self {
        (self.past_due, self.expiry, self.retry, self.window) = (past_due, expiry, retry, window);
        self
    }

    /// With recipients to fall back on.
    #[must_use]
    pub fn with_fallback(mut self, fallback: Vec<Recipient>) -> Self {
        self.fallback = fallback;
        self
    }

    /// With a sender of its own, and another address for answers.
    #[must_use]
    pub fn with_sender(mut self, from: Option<String>, reply_to: Option<String>) -> Self {
        (self.from, self.reply_to) = (from, reply_to);
        self
    }

    /// With a calendar file.
    #[must_use]
    pub fn with_calendar(mut self, entry: Option<CalendarEntry>) -> Self {
        self.calendar = entry;
        self
    }
}

/// What the engine has to remember between two rounds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Memory {
    /// The version of the time-zone database by which the due time was computed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tzdb: String,
    /// The generation that was handed off when the event moved, until its result is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u32>,
    /// Why the host cancelled while the message was being sent: a word of
    /// [`Reason`](super::Reason).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_requested: Option<String>,
    /// Why the moved reminder is not sent after all, once the result in flight is known: a word of
    /// [`Reason`](super::Reason).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<String>,
    /// How often a message that may have arrived was repeated.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resends: u32,
    /// When a request with a calendar file was last changed, or its times by new rules of a zone;
    /// absent as long as it is what was stored first.
    #[serde(default, with = "wire::instant_option", skip_serializing_if = "Option::is_none")]
    pub revised_at: Option<DateTime<Utc>>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The second line as it is written.
#[derive(Serialize, Deserialize)]
struct Rest<R, M> {
    request: R,
    memory: M,
}

impl Body {
    /// A body of the first generation.
    pub fn new(event: Option<EventTime>, trigger: Trigger, request: Request) -> Self {
        let head = Head { version: VERSION, generation: 1, event, trigger };
        Body { head, request, memory: Memory::default() }
    }

    /// Since when the request of a row that was stored at `created_at` is what it is.
    pub(crate) fn revised_at(&self, created_at: DateTime<Utc>) -> DateTime<Utc> {
        self.memory.revised_at.unwrap_or(created_at)
    }

    /// Notes that the request changes at `now`, where a calendar file has to tell it. A clock that
    /// is behind takes nothing back.
    pub(crate) fn revise(&mut self, now: DateTime<Utc>, before: DateTime<Utc>) {
        self.memory.revised_at = self.request.calendar.as_ref().map(|_| now.max(before));
    }

    /// Writes the body down, with a checksum over it and `data`.
    ///
    /// # Errors
    ///
    /// The text is longer than [`Limits::BODY_BYTES`].
    pub fn encode(&self, data: &TaskData) -> Result<TaskBody, InvalidField> {
        let head = to_json(&self.head)?;
        let rest = to_json(&Rest { request: &self.request, memory: &self.memory })?;
        let text = format!("{head}\n{:08x}{rest}", checksum(&head, &rest, data));
        if text.len() > Limits::BODY_BYTES {
            let rule = format!("it has {} bytes, the limit is {}", text.len(), Limits::BODY_BYTES);
            return Err(InvalidField::new("body", Rule::TooLong, rule));
        }
        Ok(TaskBody(text))
    }
}

fn to_json(value: &impl Serialize) -> Result<String, InvalidField> {
    serde_json::to_string(value).map_err(|error| {
        InvalidField::new("body", Rule::Malformed, format!("it cannot be written: {error}"))
    })
}

fn checksum(head: &str, rest: &str, data: &TaskData) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    for part in [head, rest, data.as_str()] {
        sum.update(part.as_bytes());
        sum.update(b"\n");
    }
    sum.finalize()
}

impl TaskBody {
    /// A body as it was stored, unchecked.
    pub fn from_stored(text: String) -> Self {
        TaskBody(text)
    }

    /// The stored text, byte for byte.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether everything personal was taken out.
    pub fn is_blanked(&self) -> bool {
        !self.0.contains('\n')
    }

    /// The same without everything personal: its first line.
    #[must_use]
    pub fn blanked(&self) -> TaskBody {
        TaskBody(self.0.split('\n').next().unwrap_or_default().to_owned())
    }

    /// Reads the head alone; it is there in a blanked body too.
    ///
    /// # Errors
    ///
    /// The text is damaged, or a newer version wrote it.
    pub fn head(&self) -> Result<Head, BodyError> {
        let line = self.0.split('\n').next().unwrap_or_default();
        let version: Version = serde_json::from_str(line).map_err(BodyError::damaged)?;
        if version.version > VERSION {
            return Err(BodyError(BodyFault::Newer(version.version)));
        }
        serde_json::from_str(line).map_err(BodyError::damaged)
    }

    /// Reads the body and verifies it against its checksum, `data` included.
    ///
    /// # Errors
    ///
    /// The text is damaged or blanked, or a newer version wrote it.
    pub fn decode(&self, data: &TaskData) -> Result<Body, BodyError> {
        let head = self.head()?;
        let Some((first, second)) = self.0.split_once('\n') else {
            return Err(BodyError(BodyFault::Blanked));
        };
        let (sum, rest) = second.split_at_checked(8).unwrap_or_default();
        if sum != format!("{:08x}", checksum(first, rest, data)) {
            return Err(BodyError(BodyFault::Checksum));
        }
        let rest: Rest<Request, Memory> = serde_json::from_str(rest).map_err(BodyError::damaged)?;
        Ok(Body { head, request: rest.request, memory: rest.memory })
    }
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl fmt::Debug for TaskBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskBody({} bytes)", self.0.len())
    }
}

/// A stored body that cannot be read. Its row is held: nothing is ever sent from a guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyError(BodyFault);

#[derive(Debug, Clone, PartialEq, Eq)]
enum BodyFault {
    Damaged(SafeText),
    Checksum,
    Blanked,
    Newer(u32),
}

impl BodyError {
    fn damaged(error: serde_json::Error) -> Self {
        // Not the error's own words: they can quote what is stored.
        let place = format!("{:?} error at column {}", error.classify(), error.column());
        BodyError(BodyFault::Damaged(SafeText::new(place)))
    }

    /// Whether a newer version of this library wrote the body.
    pub fn is_newer_version(&self) -> bool {
        matches!(self.0, BodyFault::Newer(_))
    }

    /// Whether the body was blanked after its retention.
    pub fn is_blanked(&self) -> bool {
        matches!(self.0, BodyFault::Blanked)
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            BodyFault::Damaged(why) => write!(f, "the stored body cannot be read: {why}"),
            BodyFault::Checksum => f.write_str("the stored body does not match its checksum"),
            BodyFault::Blanked => f.write_str("the body was blanked after its retention"),
            BodyFault::Newer(version) => {
                write!(f, "the stored body has version {version}, newer than {VERSION}")
            }
        }
    }
}

impl std::error::Error for BodyError {}

#[cfg(test)]
mod tests;
