//! Every limit on what comes from outside, in one place.

use super::{InvalidField, Rule};

/// The limits that are checked before any driver or network call. Each error names its limit.
///
/// They are associated constants and not settings: a row that one process may store must be
/// readable by every other process on the same database.
#[derive(Debug, Clone, Copy)]
pub struct Limits;

impl Limits {
    /// Bytes of a stored body, and of the host's data beside it: 64 KiB each.
    pub const BODY_BYTES: usize = 64 * 1024;
    /// Bytes of a rendered message, all parts together: 1 MiB.
    pub const MESSAGE_BYTES: usize = 1024 * 1024;
    /// Characters of a subject line.
    pub const SUBJECT_LINE: usize = 250;
    /// Characters of a person's name.
    pub const NAME: usize = 200;
    /// Characters of an address (RFC 5321, section 4.5.3.1.3, less the angle brackets).
    pub const ADDRESS: usize = 254;
    /// Characters of a mailbox: a name, and an address in angle brackets.
    pub const MAILBOX: usize = Limits::NAME + Limits::ADDRESS + 3;
    /// Bytes of each part of a key: kind, subject kind, subject id, person.
    pub const KEY_BYTES: usize = 255;
    /// Bytes of a kind, a channel, a template name or a subject kind.
    pub const WORD_BYTES: usize = 64;
    /// Characters of an error text in the history.
    pub const ERROR_TEXT: usize = 500;
    /// Nesting of the host's JSON.
    pub const JSON_DEPTH: usize = 32;
    /// Bytes that are read of a provider's reply: 16 KiB.
    pub const REPLY_BYTES: usize = 16 * 1024;
    /// Reminders in one call.
    pub const BATCH: usize = 1_000;
    /// Days from now within which an event and its due time must lie: ten years.
    pub const HORIZON_DAYS: u32 = 3_653;
    /// Attempts of one generation of a task.
    pub const ATTEMPTS: u32 = 20;
    /// Fallback recipients of one reminder.
    pub const FALLBACK_STEPS: usize = 8;
    /// Characters of the title and of the place of a calendar entry.
    pub const CALENDAR_LINE: usize = 250;
    /// Characters of the description of a calendar entry.
    pub const CALENDAR_TEXT: usize = 4_000;
    /// Files that go with one message.
    pub const ATTACHMENTS: usize = 8;
    /// Bytes of all files that go with one message: 1 MiB.
    pub const ATTACHMENT_BYTES: usize = 1024 * 1024;
    /// Instructions that one template may run.
    pub const TEMPLATE_FUEL: u64 = 500_000;

    /// Checks a text that must be there, without NUL, of at most `max` bytes.
    pub(crate) fn key_text(
        field: &'static str,
        text: &str,
        max: usize,
    ) -> Result<(), InvalidField> {
        Self::text(field, text, text.len(), max, "bytes")
    }

    /// Checks a text that must be there, without NUL, of at most `max` characters.
    pub(crate) fn shown_text(
        field: &'static str,
        text: &str,
        max: usize,
    ) -> Result<(), InvalidField> {
        Self::text(field, text, text.chars().count(), max, "characters")
    }

    fn text(
        field: &'static str,
        text: &str,
        length: usize,
        max: usize,
        unit: &str,
    ) -> Result<(), InvalidField> {
        if text.trim().is_empty() {
            return Err(InvalidField::new(field, Rule::NotEmpty, "it must not be empty"));
        }
        if text.contains('\0') {
            return Err(InvalidField::new(field, Rule::NoNul, "it must not contain NUL"));
        }
        if length > max {
            let detail = format!("it has {length} {unit}, the limit is {max}");
            return Err(InvalidField::new(field, Rule::TooLong, detail));
        }
        Ok(())
    }
}
