//! The list of reminders, as a table for people or as JSON for programs.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::reading::Start;

/// How many characters of one cell are shown in the table.
const CELL_MAX: usize = 48;

/// How many of the last one, the reason.
const REASON_MAX: usize = 300;

const HEADINGS: [&str; 8] =
    ["START", "SUMMARY", "RECIPIENT", "DUE", "EXPIRES", "STATE", "FILE, UID", "REASON"];

/// One reminder, or one event of which nobody is to be told.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    pub(crate) file: String,
    pub(crate) uid: String,
    pub(crate) summary: String,
    #[serde(serialize_with = "as_instant")]
    pub(crate) start: Start,
    pub(crate) due: Option<Timestamp>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) recipient: Option<String>,
}

/// Writes one object a line, instants in UTC as of RFC 3339.
pub(crate) fn json(lines: &[Line], to: &mut impl Write) -> io::Result<()> {
    for line in lines {
        serde_json::to_writer(&mut *to, line)?;
        writeln!(to)?;
    }
    Ok(())
}

/// Writes a table, each start in its own zone.
pub(crate) fn table(lines: &[Line], to: &mut impl Write) -> io::Result<()> {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(lines.iter().map(cells));
    let mut widths = [0; HEADINGS.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in rows {
        let mut text = String::new();
        for (cell, width) in row.iter().zip(widths) {
            text.push_str(&format!("{cell:width$}  "));
        }
        writeln!(to, "{}", text.trim_end())?;
    }
    Ok(())
}

fn cells(line: &Line) -> [String; HEADINGS.len()] {
    let instant = |at: Option<Timestamp>| at.map_or(String::new(), |at| at.to_string());
    let cell = |text: &str| printable(text, CELL_MAX);
    [
        cell(&local(&line.start)),
        cell(&line.summary),
        cell(line.recipient.as_deref().unwrap_or_default()),
        instant(line.due),
        instant(line.expires),
        cell(&line.state),
        cell(&format!("{}, {}", line.file, line.uid)),
        printable(line.reason.as_deref().unwrap_or_default(), REASON_MAX),
    ]
}

/// The start as its own clocks show it, with the name or the offset of its zone.
fn local(start: &Start) -> String {
    let Some(instant) = start.instant() else { return String::new() };
    let zoned = instant.to_zoned_datetime(start.zone().clone());
    zoned.strftime("%Y-%m-%d %H:%M %:Q").to_string()
}

/// Text that cannot move the cursor or turn the direction of writing, on one line,
/// cut to `max` characters.
fn printable(text: &str, max: usize) -> String {
    let mut shown: String = text
        .chars()
        .take(max)
        .map(|character| match character {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
            _ if character.is_control() => ' ',
            _ => character,
        })
        .collect();
    if text.chars().nth(max).is_some() {
        shown.push_str("..");
    }
    shown
}

fn as_instant<S: serde::Serializer>(start: &Start, to: S) -> Result<S::Ok, S::Error> {
    start.instant().serialize(to)
}
