//! The hours in which people want to hear from you.

use chrono::{DateTime, Datelike, NaiveTime, Utc, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, civil};
use serde::{Deserialize, Deserializer, Serialize};

use super::error::TimeError;
use super::local::{self, checked_time};
use super::tz_database::TzDatabase;
use super::wire;
use super::zone::Zone;

/// Daily openings outside of which nothing should be sent, in some zone's local time.
///
/// An opening includes its start and excludes its end. It may cross midnight and then belongs to
/// the day on which it begins. Where clocks are changed over one of its ends: a start or end that
/// does not exist is the first instant after the gap, of one that exists twice the first counts;
/// so an opening that lies in a gap altogether does not take place on that day.
///
/// # Examples
///
/// ```
/// use chrono::{DateTime, NaiveTime, Utc, Weekday};
/// use puntual::time::{DeliveryWindow, TzDatabase, Zone};
///
/// let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).ok_or("no time of day");
/// let window = DeliveryWindow::between(hour(9)?, hour(20)?)?
///     .and_between(hour(10)?, hour(18)?)?.on(&[Weekday::Sat, Weekday::Sun])?;
/// let (zone, tz) = (Zone::new("Europe/Berlin")?, TzDatabase::newest());
///
/// let night: DateTime<Utc> = "2026-07-10T01:00:00Z".parse()?;
/// let morning: DateTime<Utc> = "2026-07-10T07:00:00Z".parse()?;
/// assert!(!window.is_open(night, &zone, &tz)?);
/// assert_eq!(window.next_opening(night, &zone, &tz)?, Some(morning));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct DeliveryWindow(Vec<Opening>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Opening {
    #[serde(with = "wire::time")]
    from: NaiveTime,
    #[serde(with = "wire::time")]
    to: NaiveTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days: Option<Days>,
}

/// Days of the week as a set of bits, Monday being the lowest; stored as `["mon", "fri"]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
struct Days(u8);

/// When one opening takes place: `start <= at < end` is open.
type Interval = (DateTime<Utc>, DateTime<Utc>);

const FIELD: &str = "delivery_window";

/// Two openings a day on every day of the week, each written on its own, and room.
const OPENINGS_MAX: usize = 32;

/// How many days are searched: a weekly opening may fall into a gap once, never twice in a row.
const SEARCH_DAYS: i32 = 15;

impl DeliveryWindow {
    /// An opening on every day, from `from` until just before `to`; across midnight where `to` is
    /// the earlier of the two. Both are cut to microseconds.
    ///
    /// # Errors
    ///
    /// [`Invalid`](super::TimeErrorKind::Invalid) where both are equal, which could mean always as
    /// well as never, or one is a leap second.
    pub fn between(from: NaiveTime, to: NaiveTime) -> Result<Self, TimeError> {
        Self(Vec::new()).and_between(from, to)
    }

    /// One more opening on every day. Openings may overlap.
    ///
    /// # Errors
    ///
    /// As [`between`](DeliveryWindow::between); and more than 32 openings are refused.
    pub fn and_between(mut self, from: NaiveTime, to: NaiveTime) -> Result<Self, TimeError> {
        self.0.push(Opening { from, to, days: None });
        self.checked()
    }

    /// Restricts the opening added last to these days of the week, on which it begins.
    ///
    /// # Errors
    ///
    /// [`Invalid`](super::TimeErrorKind::Invalid) where no day is named.
    pub fn on(mut self, days: &[Weekday]) -> Result<Self, TimeError> {
        if let Some(opening) = self.0.last_mut() {
            opening.days = Some(Days::of(days));
        }
        self.checked()
    }

    /// Whether the window is open at `at` in this zone.
    ///
    /// # Errors
    ///
    /// [`UnknownZone`](super::TimeErrorKind::UnknownZone) where `tz` does not know the zone.
    pub fn is_open(
        &self,
        at: DateTime<Utc>,
        zone: &Zone,
        tz: &TzDatabase,
    ) -> Result<bool, TimeError> {
        Ok(self.next_opening(at, zone, tz)? == Some(at))
    }

    /// The first instant from `at` on at which the window is open: `at` itself if it is. `None`
    /// where the range of time ends before that.
    ///
    /// # Errors
    ///
    /// [`UnknownZone`](super::TimeErrorKind::UnknownZone) where `tz` does not know the zone.
    pub fn next_opening(
        &self,
        at: DateTime<Utc>,
        zone: &Zone,
        tz: &TzDatabase,
    ) -> Result<Option<DateTime<Utc>>, TimeError> {
        let days = -2..=SEARCH_DAYS;
        let next = |(start, end): Interval| (end > at).then(|| start.max(at));
        let rules = tz.zone(zone)?;
        Ok(self.intervals(&rules, at, days)?.filter_map(next).min())
    }

    /// The end of the opening before `at`, for an instant at which the window is closed. `None`
    /// where the range of time begins after that.
    ///
    /// # Errors
    ///
    /// [`UnknownZone`](super::TimeErrorKind::UnknownZone) where `tz` does not know the zone.
    pub fn previous_closing(
        &self,
        at: DateTime<Utc>,
        zone: &Zone,
        tz: &TzDatabase,
    ) -> Result<Option<DateTime<Utc>>, TimeError> {
        let days = -SEARCH_DAYS - 1..=1;
        let rules = tz.zone(zone)?;
        let ends = self.intervals(&rules, at, days)?.map(|(_, end)| end);
        Ok(ends.filter(|end| *end <= at).max())
    }

    /// All openings that begin on one of these days, counted from the local date of `at`.
    fn intervals<'w>(
        &'w self,
        rules: &'w TimeZone,
        at: DateTime<Utc>,
        days: std::ops::RangeInclusive<i32>,
    ) -> Result<impl Iterator<Item = Interval> + 'w, TimeError> {
        // In the east of the world the last hours of the range are in the year 10000.
        let today = local::date_of(FIELD, local::to_local(rules, at)?).unwrap_or(civil::Date::MAX);
        let dates = days.filter_map(move |days| today.checked_add(Span::new().days(days)).ok());
        Ok(dates.flat_map(move |date| {
            self.0.iter().filter_map(move |opening| opening.interval(rules, date))
        }))
    }

    fn checked(mut self) -> Result<Self, TimeError> {
        let invalid = |rule| Err(TimeError::invalid(FIELD, rule));
        if self.0.is_empty() || self.0.len() > OPENINGS_MAX {
            return invalid("must have 1 to 32 openings");
        }
        for opening in &mut self.0 {
            opening.from = checked_time(FIELD, opening.from)?;
            opening.to = checked_time(FIELD, opening.to)?;
            if opening.from == opening.to {
                return invalid("an opening must not end at the time at which it starts");
            }
            if opening.days.is_some_and(|days| days.0 == 0 || days.0 >= 1 << 7) {
                return invalid("an opening must have a day of the week");
            }
        }
        Ok(self)
    }
}

impl Opening {
    /// When the opening that begins on this date takes place, if it does.
    fn interval(&self, rules: &TimeZone, date: civil::Date) -> Option<Interval> {
        let from = local::at_time(date, self.from)?;
        if self.days.is_some_and(|days| days.0 & bit(from.weekday()) == 0) {
            return None;
        }
        let crosses_midnight = self.to < self.from;
        let last = if crosses_midnight { date.tomorrow().ok()? } else { date };
        let start = local::first_at_or_after(rules, from)?;
        let end = local::first_at_or_after(rules, local::at_time(last, self.to)?)?;
        (start < end).then_some((start, end))
    }
}

impl<'de> Deserialize<'de> for DeliveryWindow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self(Vec::deserialize(deserializer)?).checked().map_err(serde::de::Error::custom)
    }
}

impl Days {
    const WEEK: [(Weekday, &'static str); 7] = [
        (Weekday::Mon, "mon"),
        (Weekday::Tue, "tue"),
        (Weekday::Wed, "wed"),
        (Weekday::Thu, "thu"),
        (Weekday::Fri, "fri"),
        (Weekday::Sat, "sat"),
        (Weekday::Sun, "sun"),
    ];

    fn of(days: &[Weekday]) -> Self {
        Self(days.iter().fold(0, |bits, day| bits | bit(*day)))
    }

    fn contains(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }
}

impl From<Days> for Vec<String> {
    fn from(days: Days) -> Self {
        let named = Days::WEEK.iter().filter(|(day, _)| days.contains(*day));
        named.map(|(_, name)| (*name).to_owned()).collect()
    }
}

impl TryFrom<Vec<String>> for Days {
    type Error = TimeError;

    fn try_from(names: Vec<String>) -> Result<Self, TimeError> {
        let day = |name: &String| {
            let named = Self::WEEK.iter().find(|(_, known)| known == name);
            named
                .map(|(day, _)| *day)
                .ok_or_else(|| TimeError::invalid(FIELD, "days are mon to sun"))
        };
        Ok(Self::of(&names.iter().map(day).collect::<Result<Vec<_>, _>>()?))
    }
}

fn bit(day: Weekday) -> u8 {
    // 0 to 6: the shift stays within the byte.
    1 << day.num_days_from_monday()
}
