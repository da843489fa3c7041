//! Calendar files: one event as iCalendar (RFC 5545), published or cancelled (RFC 5546).

use chrono::{DateTime, TimeDelta, Utc};

use crate::task::{Attachment, CalendarEntry, InvalidField, Mailbox, Subject};

/// Octets of a line without its end (RFC 5545, section 3.1).
const LINE_OCTETS: usize = 75;

/// 2026-01-01T00:00:00Z, from which sequences count their seconds: they fit into the 31 bits of
/// an iCalendar integer until 2094.
const SEQUENCE_EPOCH: i64 = 1_767_225_600;

/// The file of an entry about `subject` whose event begins at `start`, as it was asked for at
/// `as_of`: every attempt and every engine writes the same bytes.
///
/// Times are instants in UTC: each calendar shows them in the zone of its owner, and no table of
/// a zone's rules has to go with them. A change of these rules reaches it with the next message.
///
/// # Errors
///
/// The stored entry names no organizer.
pub(crate) fn file(
    as_of: DateTime<Utc>,
    entry: &CalendarEntry,
    subject: &Subject,
    start: DateTime<Utc>,
) -> Result<Attachment, InvalidField> {
    let parts = entry.parts();
    let organizer = Mailbox::read("calendar organizer", parts.organizer.unwrap_or_default())?;
    let (method, status) = match entry.is_cancelled() {
        true => ("CANCEL", "CANCELLED"),
        false => ("PUBLISH", "CONFIRMED"),
    };
    let uid = parts.uid.map_or_else(|| uid_of(subject, &organizer), str::to_owned);
    let sequence = parts.sequence.map_or_else(|| sequence_at(as_of), i64::from);
    let mut lines = Lines::default();
    lines.add("BEGIN", "VCALENDAR");
    lines.add("VERSION", "2.0");
    lines.add("PRODID", "-//puntual//puntual//EN");
    lines.add("CALSCALE", "GREGORIAN");
    lines.add("METHOD", method);
    lines.add("BEGIN", "VEVENT");
    lines.add("UID", &escaped(&uid));
    lines.add("SEQUENCE", &sequence.to_string());
    lines.add("DTSTAMP", &instant(as_of));
    lines.add("DTSTART", &instant(start));
    if let Some(duration) = parts.duration {
        let duration = TimeDelta::from_std(duration).unwrap_or_default();
        lines.add("DTEND", &instant(start.checked_add_signed(duration).unwrap_or(start)));
    }
    lines.add(&organizer_name(&organizer), &mailto(&organizer));
    lines.add("SUMMARY", &escaped(entry.title()));
    for (name, text) in [("LOCATION", parts.location), ("DESCRIPTION", parts.description)] {
        if let Some(text) = text {
            lines.add(name, &escaped(text));
        }
    }
    lines.add("STATUS", status);
    lines.add("END", "VEVENT");
    lines.add("END", "VCALENDAR");
    let name = format!("{}.ics", subject.kind().trim_start_matches('.').replace(':', "-"));
    let media_type = format!("text/calendar; charset=utf-8; method={method}; component=VEVENT");
    Ok(Attachment::new(name, media_type, lines.0))
}

/// `booking~123@court.example`. A kind has no `~`, so that two subjects never share one.
fn uid_of(subject: &Subject, organizer: &Mailbox) -> String {
    let domain = organizer.address().as_str().rsplit('@').next().unwrap_or_default();
    format!("{}~{}@{domain}", subject.kind(), subject.id())
}

fn sequence_at(as_of: DateTime<Utc>) -> i64 {
    (as_of.timestamp() - SEQUENCE_EPOCH).clamp(0, i64::from(i32::MAX))
}

/// `20260710T130000Z` (RFC 5545, section 3.3.5, form 2).
fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// `ORGANIZER;CN="Court Club"`. Quotes and carets in it are written as RFC 6868 says, because
/// RFC 5545 has no way to write them.
fn organizer_name(organizer: &Mailbox) -> String {
    let Some(name) = organizer.name() else { return "ORGANIZER".to_owned() };
    let mut quoted = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '^' => quoted.push_str("^^"),
            '"' => quoted.push_str("^'"),
            c if c.is_control() => {}
            c => quoted.push(c),
        }
    }
    format!("ORGANIZER;CN=\"{quoted}\"")
}

/// The address as a URL (RFC 6068): what has a meaning there is percent-encoded.
fn mailto(organizer: &Mailbox) -> String {
    let mut url = "mailto:".to_owned();
    for byte in organizer.address().as_str().bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-._~!$'*+@".contains(&byte) => {
                url.push(char::from(byte));
            }
            byte => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

/// A text as a value (RFC 5545, section 3.3.11). Whatever somebody may take for the end of a line
/// is one of the text; other controls, which no text may hold, are left out.
fn escaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => value.extend(['\\', c]),
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                value.push_str("\\n");
            }
            '\t' => value.push(' '),
            c if c.is_control() => {}
            c => value.push(c),
        }
    }
    value
}

/// Content lines, folded, each ended by CRLF.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// Adds a line; a character is never cut (RFC 5545, section 3.1, leaves that open).
    fn add(&mut self, name: &str, value: &str) {
        let mut octets = 0;
        for c in name.chars().chain([':']).chain(value.chars()) {
            if octets + c.len_utf8() > LINE_OCTETS {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(c);
            octets += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_at_75_octets_and_between_characters() {
        for (value, expected) in [
            ("a".repeat(73), format!("N:{}\r\n", "a".repeat(73))),
            ("a".repeat(74), format!("N:{}\r\n a\r\n", "a".repeat(73))),
            ("🎾".repeat(19), format!("N:{}\r\n {}\r\n", "🎾".repeat(18), "🎾")),
            ("a".repeat(148), format!("N:{}\r\n {}\r\n a\r\n", "a".repeat(73), "a".repeat(74))),
        ] {
            let mut lines = Lines::default();
            lines.add("N", &value);
            assert_eq!(lines.0, expected);
        }
    }

    #[test]
    fn sequences_stay_within_31_bits() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(sequence_at(at("2025-12-31T23:59:59Z")), 0);
        assert_eq!(sequence_at(at("2026-01-01T00:00:01Z")), 1);
        assert_eq!(sequence_at(at("2094-01-19T03:14:06Z")), 2_147_483_646);
        assert_eq!(sequence_at(at("9999-12-31T23:59:59Z")), i64::from(i32::MAX));
    }

    #[test]
    fn names_and_addresses_of_organizers_are_written_as_their_grammar_asks() {
        for (given, name, url) in [
            ("desk@court.example", "ORGANIZER", "mailto:desk@court.example"),
            ("A <o'n%b?x@c.example>", "ORGANIZER;CN=\"A\"", "mailto:o'n%25b%3Fx@c.example"),
            (
                "a;b: \"C\" ^d <ü@c.example>",
                "ORGANIZER;CN=\"a;b: ^'C^' ^^d\"",
                "mailto:%C3%BC@c.example",
            ),
        ] {
            let organizer = Mailbox::read("organizer", given).unwrap();
            assert_eq!(
                (organizer_name(&organizer).as_str(), mailto(&organizer).as_str()),
                (name, url)
            );
        }
    }
}
