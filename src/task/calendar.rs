//! What a reminder's calendar file says beside the time of the event.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{InvalidField, Limits, Mailbox, Rule};

/// An entry for the recipient's own calendar: an `.ics` file (RFC 5545) that goes with the
/// message. When it begins is the time of the reminder's event, as of sending.
///
/// The file is *published* (`METHOD:PUBLISH`, RFC 5546, section 3.2.1): it asks for no answer,
/// because nobody here would read one. [`CalendarEntry::cancelled`] makes it the cancellation of
/// what was published. It has no alarm: telling people in time is what the reminder is for.
///
/// Files about one subject are one entry in a calendar, however many reminders bring one: the
/// confirmation, the reminder after a move and the cancellation share their `UID`, which is made
/// of the reminder's subject and the organizer's domain. Of two files a calendar keeps the one
/// with the higher `SEQUENCE`. That is **the second in which its reminder was asked for**, moved or
/// changed last, counted from the beginning of 2026, and `DTSTAMP` is the same instant. So it is
/// the same whenever and by whichever engine the message is sent, and it never falls from one ask
/// to the next, whichever rows they make: a cancellation is a row of its own, with generations of
/// its own. A task that is [retried](crate::Scheduler::retry) by hand was not asked for anew.
///
/// The clock is that of the host that asks. Two asks within one second have the same `SEQUENCE`,
/// and where the clocks of two hosts differ by more than the time between two asks, the later one
/// may have the lower. Who cannot rely on the clocks counts by [`CalendarEntry::sequence`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use puntual::task::{CalendarEntry, EmailAddress, Subject};
/// use puntual::{EventTime, Reminder};
///
/// let entry = CalendarEntry::new("Court 3")
///     .location("Court Club, Main Street 1")
///     .duration(Duration::from_secs(60 * 60))
///     .organizer("Court Club <desk@court.example>");
/// let about = Subject::new("booking", 123);
/// let jane: EmailAddress = "jane@example.com".parse()?;
/// let at = EventTime::civil("2026-07-10T15:00", "Europe/Berlin")?;
///
/// let confirmation = Reminder::new("booking_confirmation", &about, jane.clone())
///     .event(at.clone())
///     .now()
///     .calendar(entry.clone());
/// confirmation.check()?;
/// let cancellation = Reminder::new("booking_cancelled", &about, jane)
///     .event(at)
///     .now()
///     .calendar(entry.cancelled());
/// cancellation.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarEntry {
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organizer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sequence: Option<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cancelled: bool,
}

impl CalendarEntry {
    /// An entry of this title. Values are checked when the reminder is scheduled.
    pub fn new(title: impl Into<String>) -> CalendarEntry {
        CalendarEntry {
            title: title.into(),
            location: None,
            description: None,
            duration: None,
            organizer: None,
            uid: None,
            sequence: None,
            cancelled: false,
        }
    }

    /// Where it takes place, in one line.
    #[must_use]
    pub fn location(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// What else there is to know, in any number of lines.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// How long it takes; without it, calendars show a moment.
    #[must_use]
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// Who organizes it: a mailbox, `Court Club <desk@court.example>`. Without it, it is
    /// [`Reminder::from`](crate::Reminder::from); one of them must be there (RFC 5546).
    ///
    /// Its domain is part of the entry's `UID`: with another domain it is another entry.
    #[must_use]
    pub fn organizer(mut self, mailbox: impl Into<String>) -> Self {
        self.organizer = Some(mailbox.into());
        self
    }

    /// The `UID`, where calendars know the event by one of yours already. It must be the same in
    /// all reminders of the subject, and in the whole world nobody else's.
    #[must_use]
    pub fn uid(mut self, uid: impl Into<String>) -> Self {
        self.uid = Some(uid.into());
        self
    }

    /// The `SEQUENCE`, where you count the versions of a booking yourself. Give it in all
    /// reminders of a subject or in none: a number of yours is lower than one of this library.
    #[must_use]
    pub fn sequence(mut self, sequence: u32) -> Self {
        self.sequence = Some(sequence);
        self
    }

    /// The same as a cancellation: `METHOD:CANCEL` with `STATUS:CANCELLED` (RFC 5546, section
    /// 4.2.3), for the message that says so.
    #[must_use]
    pub fn cancelled(mut self) -> Self {
        self.cancelled = true;
        self
    }

    /// Checks all values.
    ///
    /// # Errors
    ///
    /// Title or location is no line of at most [`Limits::CALENDAR_LINE`] characters, the
    /// description is longer than [`Limits::CALENDAR_TEXT`], the duration is not between a second
    /// and 366 days, the organizer is no [`Mailbox`], the `UID` is longer than
    /// [`Limits::KEY_BYTES`], the `SEQUENCE` exceeds 2,147,483,647 (RFC 5545, section 3.3.8), or a
    /// text has a control character.
    pub fn check(&self) -> Result<(), InvalidField> {
        check_line("calendar title", &self.title)?;
        self.location.as_ref().map_or(Ok(()), |line| check_line("calendar location", line))?;
        if let Some(text) = &self.description {
            Limits::shown_text("calendar description", text, Limits::CALENDAR_TEXT)?;
            let is_break = |c| matches!(c, '\n' | '\r' | '\t');
            refuse_controls("calendar description", text, |c| c.is_control() && !is_break(c))?;
        }
        if let Some(duration) = self.duration
            && !(Duration::from_secs(1)..=DURATION_MAX).contains(&duration)
        {
            let rule = "it must be between a second and 366 days";
            return Err(InvalidField::new("calendar duration", Rule::OutOfRange, rule));
        }
        if let Some(organizer) = &self.organizer {
            Mailbox::read("calendar organizer", organizer)?;
        }
        if let Some(uid) = &self.uid {
            Limits::key_text("calendar uid", uid, Limits::KEY_BYTES)?;
            refuse_controls("calendar uid", uid, is_control_or_separator)?;
        }
        if self.sequence.is_some_and(|sequence| i32::try_from(sequence).is_err()) {
            let rule = "it must be at most 2147483647 (RFC 5545)";
            return Err(InvalidField::new("calendar sequence", Rule::OutOfRange, rule));
        }
        Ok(())
    }

    /// The same, organized by `sender` unless it says by whom.
    pub(crate) fn organized_by(mut self, sender: Option<&str>) -> Result<Self, InvalidField> {
        self.organizer = self.organizer.or_else(|| sender.map(str::to_owned));
        match self.organizer {
            Some(_) => Ok(self),
            None => {
                let rule = "say who organizes it: by organizer, or by the reminder's from";
                Err(InvalidField::new("calendar organizer", Rule::NotEmpty, rule))
            }
        }
    }

    /// What it is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Whether it says that the event does not take place.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    pub(crate) fn parts(&self) -> CalendarParts<'_> {
        CalendarParts {
            location: self.location.as_deref(),
            description: self.description.as_deref(),
            duration: self.duration,
            organizer: self.organizer.as_deref(),
            uid: self.uid.as_deref(),
            sequence: self.sequence,
        }
    }
}

/// What may be there or not.
pub(crate) struct CalendarParts<'a> {
    pub(crate) location: Option<&'a str>,
    pub(crate) description: Option<&'a str>,
    pub(crate) duration: Option<Duration>,
    pub(crate) organizer: Option<&'a str>,
    pub(crate) uid: Option<&'a str>,
    pub(crate) sequence: Option<u32>,
}

/// A leap year: longer is no booking but a mistake in units.
const DURATION_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

fn check_line(field: &'static str, line: &str) -> Result<(), InvalidField> {
    Limits::shown_text(field, line, Limits::CALENDAR_LINE)?;
    refuse_controls(field, line, is_control_or_separator)
}

fn is_control_or_separator(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn refuse_controls(
    field: &'static str,
    text: &str,
    is_refused: impl Fn(char) -> bool,
) -> Result<(), InvalidField> {
    match text.chars().any(is_refused) {
        true => {
            let rule = "control characters are not allowed";
            Err(InvalidField::new(field, Rule::Malformed, rule))
        }
        false => Ok(()),
    }
}

impl fmt::Debug for CalendarEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CalendarEntry").field("cancelled", &self.cancelled).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_checked_and_refused_by_its_field() {
        let entry = || CalendarEntry::new("Court 3");
        let day = Duration::from_secs(24 * 60 * 60);
        let long = "x".repeat(Limits::CALENDAR_LINE + 1);
        let fits = "é".repeat(Limits::CALENDAR_LINE);
        let text = "é".repeat(Limits::CALENDAR_TEXT);
        for good in [
            entry(),
            CalendarEntry::new(&*fits).location(&*fits).description(&*text),
            entry().duration(366 * day).sequence(0).uid("x".repeat(Limits::KEY_BYTES)),
            entry().description("a\r\nb\tc").sequence(i32::MAX.unsigned_abs()),
            entry().organizer("Court Club <desk@court.example>").cancelled(),
        ] {
            good.check().unwrap();
        }
        for (bad, field, rule) in [
            (CalendarEntry::new(""), "calendar title", Rule::NotEmpty),
            (CalendarEntry::new("a\0b"), "calendar title", Rule::NoNul),
            (CalendarEntry::new(&*long), "calendar title", Rule::TooLong),
            (CalendarEntry::new("a\r\nEND:VEVENT"), "calendar title", Rule::Malformed),
            (CalendarEntry::new("a\u{2028}b"), "calendar title", Rule::Malformed),
            (entry().location(&*long), "calendar location", Rule::TooLong),
            (entry().location("a\nb"), "calendar location", Rule::Malformed),
            (entry().description(text + "x"), "calendar description", Rule::TooLong),
            (entry().description("a\u{b}b"), "calendar description", Rule::Malformed),
            (entry().duration(Duration::ZERO), "calendar duration", Rule::OutOfRange),
            (entry().duration(367 * day), "calendar duration", Rule::OutOfRange),
            (entry().organizer("the desk"), "calendar organizer", Rule::Malformed),
            (entry().organizer("a@x.example, b@y.example"), "calendar organizer", Rule::Malformed),
            (entry().uid(""), "calendar uid", Rule::NotEmpty),
            (entry().uid("a\r\nb"), "calendar uid", Rule::Malformed),
            (entry().sequence(2_147_483_648), "calendar sequence", Rule::OutOfRange),
        ] {
            let refused = bad.check().unwrap_err();
            assert_eq!((refused.field(), refused.rule()), (field, rule), "{refused}");
        }
        assert!(!format!("{:?}", entry().location("Main Street")).contains("Main"));
    }
}
