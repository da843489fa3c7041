//! What can be wrong with a time, and with which field of the request.

use std::error::Error;
use std::fmt;

/// An error about a time, a zone, a trigger or a delivery window.
///
/// Its text names the field and the rule that it breaks; [`kind`](TimeError::kind) is for the
/// program, the text for the person.
///
/// # Examples
///
/// ```
/// use puntual::time::{TimeErrorKind, Zone};
///
/// let error = Zone::new("Americas/Vancouver").unwrap_err();
/// assert_eq!(error.kind(), TimeErrorKind::UnknownZone);
/// assert_eq!(error.field(), "zone");
/// ```
#[derive(Debug)]
pub struct TimeError {
    kind: TimeErrorKind,
    field: &'static str,
    rule: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of rule a time broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeErrorKind {
    /// The zone is not an IANA name that the time zone database in use knows.
    UnknownZone,
    /// The instant lies outside the years 1970 to 9999.
    OutOfRange,
    /// The local time does not exist on that day and the rule is
    /// [`LocalTimeRule::Reject`](super::LocalTimeRule::Reject).
    LocalTimeMissing,
    /// The local time exists twice on that day and the rule is
    /// [`LocalTimeRule::Reject`](super::LocalTimeRule::Reject).
    LocalTimeAmbiguous,
    /// A calendar trigger has no zone to count its days in.
    NeedsZone,
    /// A trigger relative to an event has no event.
    NeedsEvent,
    /// A trigger that should fall before the event falls at it or after it. Where the event moved
    /// or the zone's rules changed, the reminder is skipped for this reason.
    AfterEvent,
    /// A follow-up falls before the event; at a move it is skipped for this reason.
    BeforeEvent,
    /// A value that breaks its own rule: a zero offset, a text that is no local time.
    Invalid,
    /// A time zone database could not be opened.
    TzDatabase,
}

impl TimeError {
    pub(crate) fn new(kind: TimeErrorKind, field: &'static str, rule: impl Into<String>) -> Self {
        Self { kind, field, rule: rule.into(), source: None }
    }

    pub(crate) fn invalid(field: &'static str, rule: impl Into<String>) -> Self {
        Self::new(TimeErrorKind::Invalid, field, rule)
    }

    pub(crate) fn out_of_range(field: &'static str) -> Self {
        Self::new(TimeErrorKind::OutOfRange, field, "lies outside the years 1970 to 9999")
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of rule was broken.
    pub fn kind(&self) -> TimeErrorKind {
        self.kind
    }

    /// The rule in words, with the value where it helps.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The field of the request that holds the bad value, `zone` for example.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.rule)
    }
}

impl Error for TimeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}

/// A value of the caller's as an error may show it: escaped and short.
pub(super) fn shown(value: &str) -> String {
    /// Longer than any zone name or time, short enough for one line of a log.
    const SHOWN_CHARS_MAX: usize = 80;
    let mut shown: String = value.chars().take(SHOWN_CHARS_MAX).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    format!("`{}`", shown.escape_debug())
}
