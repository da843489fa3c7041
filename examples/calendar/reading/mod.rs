//! Reading iCalendar files (RFC 5545), as other programs really write them, into occurrences.
//!
//! One bad event never hides the others, and one bad property never hides its event as long as
//! `DTSTART` can be used: what could not be used is a [`Problem`] beside the occurrences.
//!
//! `source` turns bytes into content lines, `component` lines into components, `event` a
//! component into what it says, `series` brings the events of one `UID` together, `expand` puts
//! them on the time line.

pub(crate) mod budget;
pub(crate) mod component;
pub(crate) mod event;
pub(crate) mod expand;
pub(crate) mod moment;
pub(crate) mod placed;
pub(crate) mod problem;
pub(crate) mod recur;
pub(crate) mod series;
pub(crate) mod slots;
pub(crate) mod source;
pub(crate) mod vtimezone;
pub(crate) mod windows;
pub(crate) mod zones;

use std::{collections::BTreeSet, rc::Rc};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use self::{
    component::Calendar, event::Event, expand::Expander, problem::Problem, series::Series,
    source::Source,
};

/// How far after `now` the occurrences of recurring events are read, in days.
pub(crate) const DAYS_AHEAD: i64 = 60;

/// The answers that a file itself does not hold.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The instant from which recurring events are expanded.
    pub(crate) now: Timestamp,
    /// The zone of floating times and of all-day events.
    pub(crate) zone: TimeZone,
}

/// When an occurrence begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Start {
    /// A civil time in an IANA zone: the instant follows the zone's rules.
    Civil { at: DateTime, zone: TimeZone },
    /// An instant; the zone, often a fixed offset, only says how to show it.
    Instant { at: Timestamp, shown_in: TimeZone },
}

impl Start {
    /// The instant, where a civil time in a gap is moved forward by the gap's length and of a
    /// repeated one the first counts. `None` outside the range of instants.
    pub(crate) fn instant(&self) -> Option<Timestamp> {
        match self {
            Self::Civil { at, zone } => zone.to_timestamp(*at).ok(),
            Self::Instant { at, .. } => Some(*at),
        }
    }

    /// The zone in which a person reads this start.
    pub(crate) fn zone(&self) -> &TimeZone {
        match self {
            Self::Civil { zone, .. } | Self::Instant { shown_in: zone, .. } => zone,
        }
    }
}

/// One time at which an event takes place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Occurrence {
    /// The name of the file, without its folder.
    pub(crate) file: Rc<str>,
    /// The event's `UID`; where it has none its place in the file, `#1` for the first event.
    pub(crate) uid: Rc<str>,
    /// Which occurrence of a recurring event: the start that the rule gave it, as a UTC instant
    /// or, for all-day events, as a date. It stays the same when the occurrence is moved.
    /// `None` for events that do not recur.
    pub(crate) original_start: Option<String>,
    pub(crate) start: Start,
    pub(crate) all_day: bool,
    pub(crate) summary: Rc<str>,
    /// Mail addresses as written, each once.
    pub(crate) attendees: Rc<[String]>,
    pub(crate) cancelled: bool,
}

/// What one file says.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// In the order of their starts.
    pub(crate) occurrences: Vec<Occurrence>,
    pub(crate) problems: Vec<Problem>,
    /// How many events the file holds, usable or not.
    pub(crate) events: usize,
    /// Whether the file was read to its proper end. Only then does an event that is not in it
    /// count as vanished.
    pub(crate) complete: bool,
    /// Events of which not everything is known: that an occurrence of them is missing here does
    /// not mean that it vanished.
    pub(crate) unsettled: BTreeSet<Rc<str>>,
    /// Events that recur: what lies outside `DAYS_AHEAD` is not listed and has not vanished.
    pub(crate) recurring: BTreeSet<Rc<str>>,
}

/// Reads the bytes of the file called `file`.
pub(crate) fn read(file: &str, bytes: &[u8], options: &Options) -> Reading {
    let mut reading = Reading::default();
    let source = match Source::decode(bytes) {
        Ok(source) => source,
        Err(reason) => {
            reading.problems.push(Problem::of_file(file, reason));
            return reading;
        }
    };
    let calendar = match Calendar::from_lines(&source.lines) {
        Ok(calendar) => calendar,
        Err(reason) => {
            reading.problems.push(Problem::of_file(file, reason));
            return reading;
        }
    };
    reading.complete = calendar.complete;
    let file_problems = source.problems.into_iter().chain(calendar.problems.iter().cloned());
    reading.problems.extend(file_problems.map(|reason| Problem::of_file(file, reason)));

    let events = Event::all(&calendar);
    reading.events = events.len();
    let mut expander = Expander::new(Rc::from(file), options, &calendar);
    for series in Series::group(events) {
        series.read(file, &mut expander, &mut reading);
    }
    let zone_problems = expander.into_zone_problems().into_iter();
    reading.problems.extend(zone_problems.map(|reason| Problem::of_file(file, reason)));
    reading.occurrences.sort_by_key(|occurrence| occurrence.start.instant());
    problem::shorten(file, &mut reading.problems);
    reading
}
