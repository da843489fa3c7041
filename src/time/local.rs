//! Local times to instants and back: the one place where zone rules are applied.
//!
//! `jiff` knows the offsets; the sums are made here, in microseconds, so that they hold up to the
//! last day of the range (jiff's own timestamps end 26 hours before it).

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

use super::error::{TimeError, TimeErrorKind};
use super::instant::{clamped, from_micros};

/// What a local time means that does not exist, or exists twice, because clocks were changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LocalTimeRule {
    /// A missing time moves forward by the length of the gap (02:30 becomes 03:30); of a time that
    /// exists twice the first counts. What RFC 5545 section 3.3.5 prescribes.
    #[default]
    Compatible,
    /// A missing time moves back by the length of the gap; of two the first counts.
    Earlier,
    /// A missing time moves forward by the length of the gap; of two the second counts.
    Later,
    /// Both are errors: [`LocalTimeMissing`](TimeErrorKind::LocalTimeMissing),
    /// [`LocalTimeAmbiguous`](TimeErrorKind::LocalTimeAmbiguous).
    Reject,
}

const MICROS_PER_SECOND: i64 = 1_000_000;

/// What the clocks of the zone show at this instant.
pub(super) fn to_local(tz: &TimeZone, at: DateTime<Utc>) -> Result<NaiveDateTime, TimeError> {
    let micros = at.timestamp_micros();
    let offset = tz.to_offset(timestamp(micros));
    micros
        .checked_add(i64::from(offset.seconds()) * MICROS_PER_SECOND)
        .and_then(DateTime::from_timestamp_micros)
        .map(|shifted| shifted.naive_utc())
        .ok_or_else(|| TimeError::out_of_range("local time"))
}

/// The instant at which the clocks of the zone show this local time.
pub(super) fn to_instant(
    field: &'static str,
    tz: &TimeZone,
    local: NaiveDateTime,
    rule: LocalTimeRule,
) -> Result<DateTime<Utc>, TimeError> {
    let ambiguous = tz.to_ambiguous_timestamp(civil_of(field, local)?).offset();
    let offset = match (ambiguous, rule) {
        (AmbiguousOffset::Unambiguous { offset }, _) => offset,
        (AmbiguousOffset::Gap { .. }, LocalTimeRule::Reject) => {
            let rule = format!("{local} does not exist there, the clocks are put forward over it");
            return Err(TimeError::new(TimeErrorKind::LocalTimeMissing, field, rule));
        }
        (AmbiguousOffset::Fold { .. }, LocalTimeRule::Reject) => {
            let rule = format!("{local} exists twice there, the clocks are put back over it");
            return Err(TimeError::new(TimeErrorKind::LocalTimeAmbiguous, field, rule));
        }
        (AmbiguousOffset::Gap { after, .. }, LocalTimeRule::Earlier) => after,
        (AmbiguousOffset::Gap { before, .. }, _) => before,
        (AmbiguousOffset::Fold { after, .. }, LocalTimeRule::Later) => after,
        (AmbiguousOffset::Fold { before, .. }, _) => before,
    };
    from_micros(micros_at_offset(local, offset)).ok_or_else(|| TimeError::out_of_range(field))
}

/// The instant from which on the clocks show this local time or a later one: where the local time
/// is missing, the end of the gap. It is clamped into the range; `None` outside the calendar.
pub(super) fn first_at_or_after(tz: &TimeZone, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    let civil = civil_of("local time", local).ok()?;
    let (offset, in_gap) = match tz.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => (offset, false),
        AmbiguousOffset::Fold { before, .. } => (before, false),
        AmbiguousOffset::Gap { before, .. } => (before, true),
    };
    let at = clamped(micros_at_offset(local, offset));
    let end = if in_gap { gap_end(tz, at) } else { None };
    Some(end.unwrap_or(at))
}

/// The transition that made the gap over which `moved` was moved forward.
fn gap_end(tz: &TimeZone, moved: DateTime<Utc>) -> Option<DateTime<Utc>> {
    // `preceding` is exclusive, a transition at `moved` itself counts. 1 us more than `moved` is
    // enough; beyond jiff's last timestamp no zone has a transition.
    let after = timestamp(moved.timestamp_micros().checked_add(1)?);
    let transition = tz.preceding(after).find(|transition| {
        let before = transition.timestamp().as_microsecond().saturating_sub(1);
        tz.to_offset(timestamp(before)) != transition.offset()
    })?;
    from_micros(transition.timestamp().as_microsecond())
}

/// A local time from a date and a time of day, both checked by their own types.
pub(super) fn at_time(date: civil::Date, time: NaiveTime) -> Option<NaiveDateTime> {
    let (year, month, day) = (date.year(), date.month(), date.day());
    let date =
        NaiveDate::from_ymd_opt(year.into(), u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
    Some(date.and_time(time))
}

/// The date of a local time, for arithmetic in days and months.
pub(super) fn date_of(field: &'static str, local: NaiveDateTime) -> Result<civil::Date, TimeError> {
    civil_of(field, local).map(civil::DateTime::date)
}

/// Checks a time of day: whole microseconds, no leap second.
pub(super) fn checked_time(field: &'static str, time: NaiveTime) -> Result<NaiveTime, TimeError> {
    let cut = time.nanosecond() / 1_000 * 1_000;
    if cut >= 1_000_000_000 {
        return Err(TimeError::invalid(field, "a leap second has no meaning in local time"));
    }
    time.with_nanosecond(cut).ok_or_else(|| TimeError::invalid(field, "is no time of day"))
}

fn civil_of(field: &'static str, local: NaiveDateTime) -> Result<civil::DateTime, TimeError> {
    let out_of_range = || TimeError::out_of_range(field);
    let small = |value: u32| i8::try_from(value).map_err(|_| out_of_range());
    civil::DateTime::new(
        i16::try_from(local.year()).map_err(|_| out_of_range())?,
        small(local.month())?,
        small(local.day())?,
        small(local.hour())?,
        small(local.minute())?,
        small(local.second())?,
        i32::try_from(local.nanosecond()).map_err(|_| out_of_range())?,
    )
    .map_err(|_| out_of_range())
}

fn micros_at_offset(local: NaiveDateTime, offset: Offset) -> i64 {
    let offset = i64::from(offset.seconds()) * MICROS_PER_SECOND;
    local.and_utc().timestamp_micros().saturating_sub(offset)
}

/// The nearest timestamp that jiff can hold: its range ends 26 hours before ours.
fn timestamp(micros: i64) -> Timestamp {
    let within = micros.clamp(Timestamp::MIN.as_microsecond(), Timestamp::MAX.as_microsecond());
    Timestamp::from_microsecond(within).unwrap_or(Timestamp::MAX)
}
