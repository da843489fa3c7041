//! Instants: their range, their precision, and arithmetic that cannot overflow.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::error::TimeError;

/// The first instant there is: `1970-01-01T00:00:00Z`.
pub const FIRST_INSTANT: DateTime<Utc> = DateTime::<Utc>::UNIX_EPOCH;

/// The last instant there is: `9999-12-31T23:59:59.999999Z`.
pub const LAST_INSTANT: DateTime<Utc> = match DateTime::from_timestamp_micros(LAST_MICROS) {
    Some(last) => last,
    None => panic!("a constant within chrono's range, evaluated by the compiler"),
};

const LAST_MICROS: i64 = 253_402_300_799_999_999;

/// Checks that an instant lies in the years 1970 to 9999 and cuts it to microseconds, which is
/// what every store keeps.
///
/// A leap second, which `chrono` keeps apart, becomes the first second of the next minute.
///
/// # Errors
///
/// [`OutOfRange`](super::TimeErrorKind::OutOfRange), naming `field`.
///
/// # Examples
///
/// ```
/// use chrono::{DateTime, Utc};
/// use puntual::time::checked_instant;
///
/// let precise: DateTime<Utc> = "2026-07-10T13:00:00.123456789Z".parse()?;
/// let cut: DateTime<Utc> = "2026-07-10T13:00:00.123456Z".parse()?;
/// assert_eq!(checked_instant("event_at", precise)?, cut);
///
/// let early: DateTime<Utc> = "1969-12-31T23:59:59Z".parse()?;
/// let error = checked_instant("event_at", early).unwrap_err();
/// assert_eq!(error.to_string(), "event_at: lies outside the years 1970 to 9999");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn checked_instant(field: &'static str, at: DateTime<Utc>) -> Result<DateTime<Utc>, TimeError> {
    from_micros(at.timestamp_micros()).ok_or_else(|| TimeError::out_of_range(field))
}

/// `at + duration`, cut to microseconds; `None` outside the range.
pub fn checked_add(at: DateTime<Utc>, duration: Duration) -> Option<DateTime<Utc>> {
    let micros = i64::try_from(duration.as_micros()).ok()?;
    from_micros(at.timestamp_micros().checked_add(micros)?)
}

/// `at + delta`, where the delta may be negative; `None` outside the range.
///
/// The sum is cut to microseconds, downwards.
pub fn checked_add_delta(at: DateTime<Utc>, delta: TimeDelta) -> Option<DateTime<Utc>> {
    let sum = at.checked_add_signed(delta)?;
    from_micros(sum.timestamp_micros())
}

/// `at + duration`, or [`LAST_INSTANT`] where the range ends.
///
/// # Examples
///
/// ```
/// use puntual::time::{LAST_INSTANT, saturating_add};
/// use std::time::Duration;
///
/// assert_eq!(saturating_add(LAST_INSTANT, Duration::from_secs(1)), LAST_INSTANT);
/// ```
pub fn saturating_add(at: DateTime<Utc>, duration: Duration) -> DateTime<Utc> {
    let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    clamped(at.timestamp_micros().saturating_add(micros))
}

/// `at - duration`, or [`FIRST_INSTANT`] where the range ends.
pub fn saturating_sub(at: DateTime<Utc>, duration: Duration) -> DateTime<Utc> {
    let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    clamped(at.timestamp_micros().saturating_sub(micros))
}

/// An instant of the range from its microseconds since 1970.
pub(super) fn from_micros(micros: i64) -> Option<DateTime<Utc>> {
    if !(0..=LAST_MICROS).contains(&micros) {
        return None;
    }
    DateTime::from_timestamp_micros(micros)
}

/// The instant of the range that is nearest to these microseconds since 1970.
pub(super) fn clamped(micros: i64) -> DateTime<Utc> {
    from_micros(micros).unwrap_or(if micros < 0 { FIRST_INSTANT } else { LAST_INSTANT })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::TimeErrorKind;

    #[test]
    fn the_range_ends_where_it_says() {
        assert_eq!(FIRST_INSTANT.to_rfc3339(), "1970-01-01T00:00:00+00:00");
        assert_eq!(LAST_INSTANT.to_rfc3339(), "9999-12-31T23:59:59.999999+00:00");
        for (text, fits) in [
            ("1969-12-31T23:59:59.999999999Z", false),
            ("1970-01-01T00:00:00Z", true),
            ("9999-12-31T23:59:59.999999999Z", true),
            ("9999-12-31T23:59:60Z", false),
            ("+10000-01-01T00:00:00Z", false),
        ] {
            let at: DateTime<Utc> = text.parse().unwrap();
            let checked = checked_instant("due_at", at);
            assert_eq!(checked.is_ok(), fits, "{text}");
            if let Err(error) = checked {
                assert_eq!(error.kind(), TimeErrorKind::OutOfRange);
                assert_eq!(error.field(), "due_at");
            }
        }
        for extreme in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            assert!(checked_instant("due_at", extreme).is_err());
            assert!(checked_add(extreme, Duration::MAX).is_none());
            assert!(checked_add_delta(extreme, TimeDelta::MAX).is_none());
            assert!(saturating_add(extreme, Duration::MAX) <= LAST_INSTANT);
            assert!(saturating_sub(extreme, Duration::MAX) >= FIRST_INSTANT);
        }
    }

    #[test]
    fn sums_are_exact_or_clamped_and_never_wrap() {
        let at: DateTime<Utc> = "2026-07-10T13:00:00Z".parse().unwrap();
        // 12 days of days once became the year 4000; 25 days once overflowed 32 bits.
        for days in [12_u64 * 86_400, 25, 1] {
            let duration = Duration::from_secs(days * 86_400);
            let sum = checked_add(at, duration).unwrap();
            assert_eq!((sum - at).to_std().unwrap(), duration);
        }
        assert_eq!(checked_add(at, Duration::MAX), None);
        assert_eq!(checked_add(LAST_INSTANT, Duration::from_micros(1)), None);
        assert_eq!(checked_add(LAST_INSTANT, Duration::from_nanos(999)), Some(LAST_INSTANT));
        assert_eq!(checked_add_delta(FIRST_INSTANT, TimeDelta::nanoseconds(-1)), None);
        assert_eq!(checked_add_delta(at, TimeDelta::MIN), None);
        assert_eq!(saturating_add(at, Duration::MAX), LAST_INSTANT);
        assert_eq!(saturating_sub(at, Duration::MAX), FIRST_INSTANT);
        assert_eq!(
            saturating_sub(saturating_add(at, Duration::from_secs(9)), Duration::from_secs(9)),
            at
        );
    }
}
