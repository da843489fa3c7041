//! Dates and times as they are written (RFC 5545 sections 3.3.4, 3.3.5, 3.3.9 and 3.3.14).

use ical::value::duration::IcalDuration;
use jiff::civil::{Date, DateTime};

use super::{component::Property, problem::shown};

/// The longest event that is believed, in seconds: ten years.
const DURATION_MAX: u64 = 10 * 366 * 86_400;

/// A date or a time before its zone is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Moment {
    Day(Date),
    Floating(DateTime),
    Utc(DateTime),
    Zoned { at: DateTime, tzid: String },
}

impl Moment {
    /// Reads the only value of a property.
    ///
    /// # Errors
    ///
    /// The reason in words, naming property and value.
    pub(crate) fn of(property: &Property) -> Result<Self, String> {
        Self::parse(property, &property.value)
    }

    /// Reads every value of a list property, usable ones and reasons apart. Of a period its
    /// start counts.
    pub(crate) fn list(property: &Property) -> Vec<Result<Self, String>> {
        let items = property.value.split(',');
        items
            .map(|item| {
                Self::parse(property, item.split_once('/').map_or(item, |(start, _)| start))
            })
            .collect()
    }

    fn parse(property: &Property, value: &str) -> Result<Self, String> {
        let name = &property.name;
        let kind = property.param("VALUE").unwrap_or_default();
        if kind.eq_ignore_ascii_case("TIME") {
            return Err(format!("{name} is a time without a date: {}", shown(value)));
        }
        let unusable = || match value.trim() {
            "" => format!("{name} is empty"),
            text => format!("{name} is neither a date nor a time: {}", shown(text)),
        };
        // Some programs write `2026-03-29T10:00:00Z`, the extended form of ISO 8601.
        let text: String = value.trim().chars().filter(|c| !matches!(c, '-' | ':')).collect();
        let (text, utc) = match text.strip_suffix(['Z', 'z']) {
            Some(text) => (text.to_owned(), true),
            None => (text, false),
        };
        let (day, time) = match text.split_once(['T', 't']) {
            Some((day, time)) => (day, Some(time)),
            None => (text.as_str(), None),
        };
        let day = date(day).ok_or_else(unusable)?;
        let Some(time) = time.filter(|_| !kind.eq_ignore_ascii_case("DATE")) else {
            return Ok(Self::Day(day));
        };
        let at = with_time(day, time).ok_or_else(unusable)?;
        Ok(match property.param("TZID") {
            _ if utc => Self::Utc(at),
            Some(tzid) => Self::Zoned { at, tzid: tzid.to_owned() },
            None => Self::Floating(at),
        })
    }

    /// The date as written, whatever the zone.
    pub(crate) fn date(&self) -> Date {
        match self {
            Self::Day(day) => *day,
            Self::Floating(at) | Self::Utc(at) | Self::Zoned { at, .. } => at.date(),
        }
    }
}

/// Whether a `DURATION` is one: no reminder depends on it, but its file says something wrong.
pub(crate) fn check_duration(property: &Property) -> Result<(), String> {
    let seconds = IcalDuration(property.value.as_str().into()).seconds();
    match seconds.map(i64::unsigned_abs) {
        Some(seconds) if seconds <= DURATION_MAX => Ok(()),
        Some(_) => Err(format!("DURATION is longer than ten years: {}", shown(&property.value))),
        None => Err(format!("DURATION is not usable: {}", shown(&property.value))),
    }
}

/// The seconds of a UTC offset such as `+0530` or `-000115`.
pub(crate) fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let hours = number(digits, 0, 2)?;
    let minutes = number(digits, 2, 2)?;
    let seconds = if digits.len() == 6 { number(digits, 4, 2)? } else { 0 };
    let known = matches!(digits.len(), 4 | 6) && hours < 24 && minutes < 60 && seconds < 60;
    known.then(|| sign * i32::from(hours * 60 + minutes) * 60 + sign * i32::from(seconds))
}

/// The date in eight digits.
pub(crate) fn date(text: &str) -> Option<Date> {
    if text.len() != 8 {
        return None;
    }
    let (month, day) = (number(text, 4, 2)?, number(text, 6, 2)?);
    Date::new(number(text, 0, 4)?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The time in six digits, or in four without its seconds. A leap second counts as the one
/// before it.
fn with_time(day: Date, text: &str) -> Option<DateTime> {
    if !matches!(text.len(), 4 | 6) {
        return None;
    }
    let second = if text.len() == 6 { number(text, 4, 2)? } else { 0 };
    let (hour, minute) = (number(text, 0, 2)?, number(text, 2, 2)?);
    let second = if second == 60 { 59 } else { second };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let small = |value: i16| i8::try_from(value).ok();
    Some(day.at(small(hour)?, small(minute)?, small(second)?, 0))
}

fn number(text: &str, from: usize, digits: usize) -> Option<i16> {
    let part = text.get(from..from + digits)?;
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
}
