//! From occurrences to the reminders that they ask for; nothing here waits for anything.

use std::error::Error;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use puntual::{
    EventTime, Reminder,
    chrono::{DateTime, NaiveTime, Utc},
    task::{Channel, DedupKey, EmailAddress, Kind, PersonKey, Subject},
    time::{Trigger, TzDatabase, Zone},
};
use serde::{Deserialize, Serialize};

use super::{
    args::Distance,
    reading::{DAYS_AHEAD, Occurrence, Start},
};

/// The kind of every reminder of this program. It does not name the distance: with another one
/// the same reminders are updated.
pub(crate) const KIND: &str = "calendar_event";

/// The template of every reminder.
pub(crate) const TEMPLATE: &str = "calendar_event";

/// The longest subject id as it is; a longer one is shortened to its digest.
const ID_BYTES_MAX: usize = 200;

/// How many characters of a summary are kept.
const SUMMARY_MAX: usize = 200;

/// What the command line says about every reminder.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) now: Timestamp,
    pub(crate) distance: Distance,
    /// The zone of calendar days where the event itself has none.
    pub(crate) zone: TimeZone,
    /// Whom to tell instead of the attendees.
    pub(crate) to: Option<EmailAddress>,
}

/// What is stored beside a reminder: it tells later runs what the reminder is about, and the
/// template what to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) file: String,
    pub(crate) uid: String,
    pub(crate) summary: String,
    pub(crate) recipient: String,
}

/// A reminder to schedule.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) key: DedupKey,
    pub(crate) reminder: Reminder,
    pub(crate) recipient: String,
}

impl Rules {
    /// Whom to tell of an occurrence: usable addresses, and the others with their reasons.
    pub(crate) fn recipients(&self, occurrence: &Occurrence) -> Vec<Result<EmailAddress, String>> {
        if let Some(to) = &self.to {
            return vec![Ok(to.clone())];
        }
        let attendees = occurrence.attendees.iter();
        attendees
            .map(|address| address.parse::<EmailAddress>().map_err(|error| error.to_string()))
            .collect()
    }

    /// The reminder that tells `to` of an occurrence.
    ///
    /// # Errors
    ///
    /// A value that the library refuses, by its field and rule.
    pub(crate) fn ask(
        &self,
        occurrence: &Occurrence,
        to: EmailAddress,
    ) -> Result<Ask, Box<dyn Error>> {
        let about = subject(occurrence);
        let recipient = to.as_str().to_owned();
        let person = PersonKey::new(recipient.to_lowercase())?;
        let note = Note {
            file: occurrence.file.to_string(),
            uid: occurrence.uid.to_string(),
            summary: shortened(&occurrence.summary),
            recipient: recipient.clone(),
        };
        let reminder = Reminder::new(KIND, &about, to)
            .person(person.as_str())
            .event(event_time(&occurrence.start)?)
            .trigger(self.trigger(&occurrence.start)?)
            .template(TEMPLATE)
            .data(&note);
        reminder.check()?;
        let key = DedupKey::of(&Kind::new(KIND)?, &about, &Channel::EMAIL, &person);
        Ok(Ask { key, reminder, recipient })
    }

    /// When a reminder of an occurrence is due, whether or not there is anybody to tell.
    pub(crate) fn due(&self, occurrence: &Occurrence, tz: &TzDatabase) -> Option<Timestamp> {
        let event = event_time(&occurrence.start).ok()?;
        let trigger = self.trigger(&occurrence.start).ok()?;
        let due = trigger.due(to_chrono(self.now)?, Some(&event), None, tz).ok()?;
        Some(from_chrono(due))
    }

    /// Whether an instant lies in the days for which recurring events are read.
    pub(crate) fn is_read(&self, at: Timestamp) -> bool {
        let ahead = SignedDuration::from_hours(24 * DAYS_AHEAD);
        at >= self.now && at.duration_since(self.now) <= ahead
    }

    fn trigger(&self, start: &Start) -> Result<Trigger, Box<dyn Error>> {
        let (days, at) = match self.distance {
            Distance::Before(offset) => return Ok(Trigger::before(offset)),
            Distance::DaysBefore { days, at } => (days, at),
        };
        let mut trigger = Trigger::days_before(days);
        if let Some(at) = at {
            let (hour, minute) = (u32::try_from(at.hour())?, u32::try_from(at.minute())?);
            let time = NaiveTime::from_hms_opt(hour, minute, 0).ok_or("there is no such time")?;
            trigger = trigger.at_time(time);
        }
        if let Start::Instant { .. } = start {
            trigger = trigger.in_zone(Zone::new(self.zone.iana_name().unwrap_or("UTC"))?);
        }
        Ok(trigger)
    }
}

/// Which occurrence a reminder is about, in one text: file, UID and original start.
pub(crate) fn subject(occurrence: &Occurrence) -> Subject {
    let mut id = String::new();
    let original = occurrence.original_start.as_deref().unwrap_or_default();
    for part in [&*occurrence.file, &*occurrence.uid, original] {
        if !id.is_empty() {
            id.push('|');
        }
        id.push_str(&part.replace('\\', "\\\\").replace('|', "\\|"));
    }
    if id.len() > ID_BYTES_MAX || id.chars().any(char::is_control) {
        let digest = fnv_1a(id.as_bytes());
        let readable = id.chars().filter(|character| !character.is_control()).take(40);
        id = format!("{}~{digest:032x}", readable.collect::<String>());
    }
    Subject::new("calendar_event", id)
}

/// The 128-bit FNV-1a digest (Eastlake, Fowler, Noll and Vo, draft-eastlake-fnv): it names, it
/// does not protect.
fn fnv_1a(bytes: &[u8]) -> u128 {
    const OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(OFFSET_BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

/// The event time as the library keeps it: a civil time where the zone has a name that it knows.
fn event_time(start: &Start) -> Result<EventTime, Box<dyn Error>> {
    if let Start::Civil { at, zone } = start
        && let Some(Ok(zone)) = zone.iana_name().map(Zone::new)
    {
        return Ok(EventTime::civil(at.strftime("%Y-%m-%dT%H:%M:%S").to_string(), zone)?);
    }
    let instant = start.instant().and_then(to_chrono);
    Ok(EventTime::instant(instant.ok_or("its start is outside of the years that are known")?)?)
}

fn shortened(summary: &str) -> String {
    let printable = summary.chars().filter(|character| *character != '\0');
    printable.take(SUMMARY_MAX).collect()
}

pub(crate) fn to_chrono(at: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(at.as_microsecond())
}

pub(crate) fn from_chrono(at: DateTime<Utc>) -> Timestamp {
    Timestamp::from_microsecond(at.timestamp_micros()).unwrap_or(Timestamp::MAX)
}
