//! The calendar example: reading iCalendar files as other programs write them.

#[path = "../../examples/calendar/args.rs"]
mod args;
#[path = "../../examples/calendar/book.rs"]
mod book;
#[path = "../../examples/calendar/clock.rs"]
mod clock;
#[path = "../../examples/calendar/output.rs"]
mod output;
#[path = "../../examples/calendar/plan.rs"]
mod plan;
#[path = "../../examples/calendar/reading/mod.rs"]
mod reading;
#[path = "../../examples/calendar/run.rs"]
mod run;

#[path = "calendar/bytes.rs"]
mod bytes;
#[path = "calendar/changed_files.rs"]
mod changed_files;
#[path = "calendar/command_line.rs"]
mod command_line;
#[path = "calendar/events.rs"]
mod events;
#[path = "calendar/hostile.rs"]
mod hostile;
#[path = "calendar/recurring.rs"]
mod recurring;
#[path = "calendar/shared_cases.rs"]
mod shared_cases;
#[path = "calendar/structure.rs"]
mod structure;
#[path = "calendar/whole_runs.rs"]
mod whole_runs;
#[path = "calendar/zones.rs"]
mod zones;

use jiff::{Timestamp, tz::TimeZone};

use reading::{Options, Reading};

/// The instant as of which the tests read: a Wednesday, 02:00 in Madrid.
const NOW: &str = "2026-07-01T00:00:00Z";

/// Reads a file called `club.ics`, floating times and whole days in Madrid.
fn read(bytes: impl AsRef<[u8]>) -> Reading {
    read_in("Europe/Madrid", NOW, bytes)
}

fn read_in(zone: &str, now: &str, bytes: impl AsRef<[u8]>) -> Reading {
    let now: Timestamp = now.parse().expect("an instant");
    let zone = TimeZone::get(zone).expect("a zone");
    reading::read("club.ics", bytes.as_ref(), &Options { now, zone })
}

/// A calendar with one event of these lines.
fn event(lines: &str) -> String {
    calendar(&format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT"))
}

fn calendar(lines: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\n{lines}\nEND:VCALENDAR\n").replace('\n', "\r\n")
}

/// Every occurrence as `uid start`, cancelled ones with a mark.
fn rows(reading: &Reading) -> Vec<String> {
    let occurrences = reading.occurrences.iter();
    occurrences
        .map(|occurrence| {
            let start = occurrence.start.instant().expect("an instant");
            let mark = if occurrence.cancelled { " cancelled" } else { "" };
            format!("{} {start}{mark}", occurrence.uid)
        })
        .collect()
}

fn problems(reading: &Reading) -> Vec<String> {
    reading.problems.iter().map(ToString::to_string).collect()
}
