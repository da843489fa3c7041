//! What the command line says.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Parser;
use jiff::{SignedDuration, Timestamp, civil::Time, fmt::temporal::DateTimeParser, tz::TimeZone};

/// Reminds the attendees of the events in iCalendar files.
///
/// Run it again after a file changed: moved events move, vanished and cancelled ones are
/// cancelled, all others stay. It ends with 3 where some event or property could not be used.
#[derive(Debug, Parser)]
#[command(name = "calendar", version)]
pub(crate) struct Args {
    /// The calendars. An event is known by the file's name, without its folder, and its UID.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Remind exactly so long before the start, such as 24h, 90m or 1h30m [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "days_before")]
    before: Option<Duration>,

    /// Remind so many calendar days before, at the local time of the start or at --at
    #[arg(long, value_name = "DAYS")]
    days_before: Option<u32>,

    /// The local time of day for --days-before, such as 09:00
    #[arg(long, value_name = "HH:MM", value_parser = time_of_day, requires = "days_before")]
    at: Option<Time>,

    /// The zone of floating times and whole days, and of --at where an event is in UTC
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    pub(crate) zone: TimeZone,

    /// Send every reminder to this address instead of to the attendees
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<String>,

    /// The database in which the reminders are kept
    #[arg(long, value_name = "FILE", default_value = "calendar.db")]
    pub(crate) db: PathBuf,

    /// Plan as of this instant, such as 2026-07-01T09:00:00Z, instead of now
    #[arg(long, value_name = "INSTANT")]
    pub(crate) now: Option<Timestamp>,

    /// One JSON object a line instead of a table
    #[arg(long, conflicts_with = "run")]
    pub(crate) json: bool,

    /// List the reminders; this is what happens without --run too
    #[arg(long, conflicts_with = "run")]
    list: bool,

    /// Send what is due to the console until nothing is left to wait for, or until Ctrl-C
    #[arg(long)]
    pub(crate) run: bool,
}

/// How long before an event people are reminded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distance {
    /// Exactly so long, on the time line.
    Before(Duration),
    /// Calendar days, at the local time of the event or at another one.
    DaysBefore { days: u32, at: Option<Time> },
}

impl Args {
    pub(crate) fn distance(&self) -> Distance {
        match (self.days_before, self.before) {
            (Some(days), _) => Distance::DaysBefore { days, at: self.at },
            (None, Some(before)) => Distance::Before(before),
            (None, None) => Distance::Before(Duration::from_secs(24 * 60 * 60)),
        }
    }

    /// The files by their names, in the order of the names.
    ///
    /// # Errors
    ///
    /// The reason in words, where two files have one name: their events could not be told
    /// apart.
    pub(crate) fn files(&self) -> Result<BTreeMap<String, &Path>, String> {
        let mut named = BTreeMap::new();
        for path in &self.files {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            if let Some(other) = named.insert(name, path.as_path()).filter(|other| other != path) {
                let (one, other) = (other.display(), path.display());
                return Err(format!("{one} and {other} have the same name; rename one of them"));
            }
        }
        Ok(named)
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok().and_then(|time| time.try_into().ok());
    parsed
        .filter(|time: &Duration| !time.is_zero())
        .ok_or_else(|| "give hours, minutes and seconds, such as 24h or 1h30m".to_owned())
}

fn time_of_day(text: &str) -> Result<Time, String> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_time(text).map_err(|_| "give hours and minutes, such as 09:00".to_owned())
}

fn zone(text: &str) -> Result<TimeZone, String> {
    let zone = TimeZone::get(text).ok().filter(|zone| zone.iana_name().is_some());
    zone.ok_or_else(|| "give the IANA name of a zone, such as Europe/Madrid".to_owned())
}
