//! From the name of a zone in a file to the clock that it means.
//!
//! An IANA name wins, also behind a vendor's prefix, as a Windows name or as the location that
//! the file's own definition claims; then the file's `VTIMEZONE`; then a plain UTC offset.

use std::{collections::HashMap, rc::Rc};

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};

use super::{
    Start, budget::Budget, component::Calendar, moment::offset_seconds, problem::shown,
    vtimezone::OwnZone, windows,
};

/// Where an IANA name begins behind a vendor's prefix, as in `custom_America/New_York`.
const AREAS: &[&str] = &[
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Brazil/",
    "Canada/",
    "Chile/",
    "Etc/",
    "Europe/",
    "Indian/",
    "Mexico/",
    "Pacific/",
    "US/",
];

/// Names in a tz database folder that are not zones of places.
const NO_PLACES: &[&str] = &["factory", "localtime", "posixrules"];

/// What turns civil times into instants and back.
#[derive(Debug, Clone)]
pub(crate) enum Clock {
    Zone(TimeZone),
    Own(Rc<OwnZone>),
}

impl Clock {
    /// When an event at this civil time begins, `None` outside the range of instants.
    pub(crate) fn start(&self, at: DateTime) -> Option<Start> {
        match self {
            Self::Zone(zone) if zone.iana_name().is_some() && !is_utc(zone) => {
                let start = Start::Civil { at, zone: zone.clone() };
                start.instant().map(|_| start)
            }
            Self::Zone(zone) => {
                let instant = zone.to_timestamp(at).ok()?;
                Some(Start::Instant { at: instant, shown_in: zone.clone() })
            }
            Self::Own(zone) => {
                let (instant, offset) = zone.instant(at)?;
                Some(Start::Instant { at: instant, shown_in: offset })
            }
        }
    }

    /// The civil time that this clock shows, `None` outside the range of dates.
    pub(crate) fn civil(&self, instant: Timestamp) -> Option<DateTime> {
        match self {
            Self::Zone(zone) => Some(zone.to_datetime(instant)),
            Self::Own(zone) => zone.civil(instant),
        }
    }
}

fn is_utc(zone: &TimeZone) -> bool {
    zone.iana_name().is_some_and(|name| matches!(name, "UTC" | "Etc/UTC"))
}

/// The zones of one file.
#[derive(Debug)]
pub(crate) struct Zones<'c> {
    calendar: &'c Calendar,
    default: TimeZone,
    /// The first definition of each name, in the file and in each calendar of it.
    definitions: HashMap<(Option<usize>, &'c str), usize>,
    known: HashMap<(usize, String), Result<Clock, String>>,
    problems: Vec<String>,
}

impl<'c> Zones<'c> {
    pub(crate) fn new(calendar: &'c Calendar, default: TimeZone) -> Self {
        let mut definitions = HashMap::new();
        for (index, zone) in calendar.named("VTIMEZONE") {
            let Some(tzid) = zone.property("TZID") else {
                continue;
            };
            let tzid = tzid.value.trim_matches('"');
            definitions.entry((Some(calendar.root(index)), tzid)).or_insert(index);
            definitions.entry((None, tzid)).or_insert(index);
        }
        let (known, problems) = (HashMap::new(), Vec::new());
        Self { calendar, default, definitions, known, problems }
    }

    /// The clock of floating times and all-day events.
    pub(crate) fn floating(&self) -> Clock {
        Clock::Zone(self.default.clone())
    }

    /// The clock that `tzid` means in the calendar `root`.
    ///
    /// # Errors
    ///
    /// The reason in words, where nobody can know which zone is meant.
    pub(crate) fn resolve(
        &mut self,
        root: usize,
        tzid: &str,
        budget: &mut Budget,
    ) -> Result<Clock, String> {
        let key = (root, tzid.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let clock = self.find(root, tzid, budget);
        self.known.insert(key, clock.clone());
        clock
    }

    /// What was unusable in the definitions that were needed.
    pub(crate) fn into_problems(self) -> Vec<String> {
        self.problems
    }

    fn find(&mut self, root: usize, tzid: &str, budget: &mut Budget) -> Result<Clock, String> {
        if let Some(zone) = by_name(tzid) {
            return Ok(Clock::Zone(zone));
        }
        let near = self.definitions.get(&(Some(root), tzid));
        if let Some(index) = near.or(self.definitions.get(&(None, tzid))).copied() {
            let location = self.calendar.components[index].property("X-LIC-LOCATION");
            if let Some(zone) = location.and_then(|location| by_name(&location.value)) {
                return Ok(Clock::Zone(zone));
            }
            let mut problems = Vec::new();
            let zone = OwnZone::read(self.calendar, index, budget, &mut problems);
            let problems = problems.into_iter();
            self.problems
                .extend(problems.map(|reason| format!("time zone {}: {reason}", shown(tzid))));
            return match zone {
                Ok(zone) => Ok(Clock::Own(Rc::new(zone))),
                Err(reason) => Err(format!("the time zone {} is unknown: {reason}", shown(tzid))),
            };
        }
        match by_offset(tzid) {
            Some(zone) => Ok(Clock::Zone(zone)),
            None => Err(format!(
                "the time zone {} is unknown: neither an IANA nor a Windows name, and the file \
                 does not define it",
                shown(tzid)
            )),
        }
    }
}

/// The IANA zone of a name as programs write it.
fn by_name(tzid: &str) -> Option<TimeZone> {
    let tzid = tzid.trim();
    iana(tzid).or_else(|| iana(windows::iana_name(tzid)?)).or_else(|| behind_prefix(tzid))
}

/// The zone of a name behind a prefix: `/Europe/Stockholm`, `tzone://Microsoft/Utc`,
/// `/freeassociation.sourceforge.net/Tzfile/Europe/Vienna`, `custom_America/New_York`.
fn behind_prefix(tzid: &str) -> Option<TimeZone> {
    let last = tzid.rsplit('/').next()?;
    if tzid.contains('/') && ["utc", "gmt"].contains(&last.to_ascii_lowercase().as_str()) {
        return iana(last);
    }
    let found = AREAS.iter().filter_map(|area| tzid.rfind(area)).min()?;
    let name = &tzid[found..];
    let first_word = name.split_whitespace().next()?;
    iana(name).or_else(|| iana(&name.replace(' ', "_"))).or_else(|| iana(first_word))
}

fn iana(name: &str) -> Option<TimeZone> {
    let odd = NO_PLACES.iter().any(|no| name.eq_ignore_ascii_case(no));
    let folder = ["posix/", "right/"].iter().any(|folder| name.starts_with(folder));
    if odd || folder {
        return None;
    }
    TimeZone::get(name).ok().filter(|zone| zone.iana_name().is_some())
}

/// The zone of `UTC+11`, `GMT-03:30` or `+0100`, where the whole name is that offset.
fn by_offset(tzid: &str) -> Option<TimeZone> {
    let text = tzid.trim().to_ascii_uppercase();
    let text = text.strip_prefix("UTC").or(text.strip_prefix("GMT")).unwrap_or(&text).trim();
    if !text.starts_with(['+', '-']) {
        return None;
    }
    let (sign, digits) = text.split_at(1);
    let digits = match digits.split_once([':', '.']) {
        Some((hours, minutes)) => format!("{hours:0>2}{minutes}"),
        None if digits.len() <= 2 => format!("{digits:0>2}00"),
        None => digits.to_owned(),
    };
    let seconds = offset_seconds(&format!("{sign}{digits}"))?;
    Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
}
