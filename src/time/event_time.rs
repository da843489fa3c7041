//! When an event takes place, as the host means it.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use super::error::{TimeError, shown};
use super::instant::checked_instant;
use super::local::{self, LocalTimeRule};
use super::tz_database::TzDatabase;
use super::wire;
use super::zone::{IntoZone, Zone};

/// When an event takes place.
///
/// People mean a local time: "Sunday at 14:00 in Madrid" stays 14:00 when a government changes
/// the clocks, and the instant moves. [`EventTime::civil`] keeps that meaning and is resolved
/// anew whenever zone rules change. [`EventTime::instant`] is for events that happen at one point
/// of the time line, a launch or an eclipse: it has no zone and never moves.
///
/// # Examples
///
/// ```
/// use chrono::{DateTime, Utc};
/// use puntual::time::{EventTime, TzDatabase};
///
/// let event = EventTime::civil("2026-02-22T14:00", "Europe/Madrid")?;
/// let expected: DateTime<Utc> = "2026-02-22T13:00:00Z".parse()?;
/// assert_eq!(event.resolve(&TzDatabase::newest())?, expected);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventTime(Meaning);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Meaning {
    Civil {
        #[serde(with = "wire::local")]
        local: NaiveDateTime,
        zone: Zone,
        #[serde(default)]
        rule: LocalTimeRule,
    },
    #[serde(with = "wire::instant")]
    Instant(DateTime<Utc>),
}

impl EventTime {
    /// A local time in a zone: a [`NaiveDateTime`] or a text such as `2026-02-22T14:00`, and a
    /// [`Zone`] or its IANA name. It is cut to microseconds.
    ///
    /// A time that clocks skip is moved forward by the length of the gap, of one that exists twice
    /// the first counts; [`with_rule`](EventTime::with_rule) chooses otherwise.
    ///
    /// # Errors
    ///
    /// [`Invalid`](super::TimeErrorKind::Invalid) for a text that is no local time,
    /// [`OutOfRange`](super::TimeErrorKind::OutOfRange) outside the years 1970 to 9999,
    /// [`UnknownZone`](super::TimeErrorKind::UnknownZone) as [`Zone::new`].
    pub fn civil(local: impl IntoLocal, zone: impl IntoZone) -> Result<Self, TimeError> {
        let (local, zone) = (local.into_local()?, zone.into_zone()?);
        Ok(Self(Meaning::Civil { local, zone, rule: LocalTimeRule::default() }))
    }

    /// A point of the time line, cut to microseconds.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](super::TimeErrorKind::OutOfRange) outside the years 1970 to 9999.
    pub fn instant(at: DateTime<Utc>) -> Result<Self, TimeError> {
        Ok(Self(Meaning::Instant(checked_instant("event_at", at)?)))
    }

    /// Chooses what a local time means over which clocks are changed. It has no effect on an
    /// event time without a zone.
    #[must_use]
    pub fn with_rule(mut self, chosen: LocalTimeRule) -> Self {
        if let Meaning::Civil { rule, .. } = &mut self.0 {
            *rule = chosen;
        }
        self
    }

    /// The zone of a local time; `None` for a point of the time line.
    pub fn zone(&self) -> Option<&Zone> {
        match &self.0 {
            Meaning::Civil { zone, .. } => Some(zone),
            Meaning::Instant(_) => None,
        }
    }

    /// The local time as the host gave it; `None` for a point of the time line.
    pub fn local(&self) -> Option<NaiveDateTime> {
        match &self.0 {
            Meaning::Civil { local, .. } => Some(*local),
            Meaning::Instant(_) => None,
        }
    }

    /// The instant of the event under these zone rules.
    ///
    /// # Errors
    ///
    /// [`UnknownZone`](super::TimeErrorKind::UnknownZone) where `tz` does not know the zone,
    /// [`OutOfRange`](super::TimeErrorKind::OutOfRange) within a day of the range's ends, and the
    /// two kinds of [`LocalTimeRule::Reject`].
    pub fn resolve(&self, tz: &TzDatabase) -> Result<DateTime<Utc>, TimeError> {
        match &self.0 {
            Meaning::Civil { local, zone, rule } => {
                local::to_instant("event_at", &tz.zone(zone)?, *local, *rule)
            }
            Meaning::Instant(at) => Ok(*at),
        }
    }
}

/// For people: `2026-02-22 14:00:00 Europe/Madrid`, or the instant in UTC.
impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Meaning::Civil { local, zone, .. } => write!(f, "{local} {zone}"),
            Meaning::Instant(at) => write!(f, "{at}"),
        }
    }
}

/// What can name a local time: a [`NaiveDateTime`], or a text.
///
/// Texts are `2026-02-22T14:00`, with or without seconds and their fraction, with a `T` or a blank
/// between date and time. A text with an offset names an instant, not a local time, and is
/// refused: which of the two the host means is not to be guessed.
pub trait IntoLocal {
    /// The local time in whole microseconds, or what is wrong with it.
    ///
    /// # Errors
    ///
    /// [`Invalid`](super::TimeErrorKind::Invalid) or
    /// [`OutOfRange`](super::TimeErrorKind::OutOfRange), naming the field `event_at`.
    fn into_local(self) -> Result<NaiveDateTime, TimeError>;
}

const FIELD: &str = "event_at";

impl IntoLocal for NaiveDateTime {
    fn into_local(self) -> Result<NaiveDateTime, TimeError> {
        checked_instant(FIELD, self.and_utc())?;
        Ok(self.date().and_time(local::checked_time(FIELD, self.time())?))
    }
}

impl IntoLocal for &str {
    fn into_local(self) -> Result<NaiveDateTime, TimeError> {
        let rule = "is not a local time such as 2026-02-22T14:00, without an offset";
        let local = parse(self)
            .ok_or_else(|| TimeError::invalid(FIELD, format!("{} {rule}", shown(self))))?;
        local.into_local()
    }
}

impl IntoLocal for &String {
    fn into_local(self) -> Result<NaiveDateTime, TimeError> {
        self.as_str().into_local()
    }
}

impl IntoLocal for String {
    fn into_local(self) -> Result<NaiveDateTime, TimeError> {
        self.as_str().into_local()
    }
}

/// One strict grammar: `chrono`'s own parser also takes signs, blanks and one-digit fields.
fn parse(text: &str) -> Option<NaiveDateTime> {
    let (date, time) = text.split_once(['T', ' '])?;
    let mut date = date.splitn(3, '-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(digits(year, 4)?).ok()?,
        digits(month, 2)?,
        digits(day, 2)?,
    )?;

    let (clock, fraction) = time.split_once('.').map_or((time, None), |(c, f)| (c, Some(f)));
    let mut clock = clock.splitn(3, ':');
    let (hour, minute) = (digits(clock.next()?, 2)?, digits(clock.next()?, 2)?);
    let second = clock.next();
    let nanos = match (second, fraction) {
        (_, None) => 0,
        (None, Some(_)) | (_, Some("")) => return None,
        (Some(_), Some(fraction)) => digits(&format!("{fraction:0<9}"), 9)?,
    };
    let second = second.map_or(Some(0), |second| digits(second, 2))?;
    Some(date.and_time(NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)?))
}

fn digits(text: &str, count: usize) -> Option<u32> {
    let plain = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}
