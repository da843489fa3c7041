//! Times for people's eyes: instants in UTC and on the clocks of the event, and lengths of time.

use chrono::{DateTime, TimeDelta, Utc};

use super::wire::utc;
use crate::time::{TzDatabase, Zone};

/// How instants are shown: in UTC, and on the clocks of the event where it has a zone.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Face<'a> {
    zone: Option<(&'a Zone, &'a TzDatabase)>,
}

impl<'a> Face<'a> {
    /// In UTC, and on the clocks of a zone if there is one that is known.
    pub(super) fn new(zone: Option<&'a Zone>, tzdb: &'a TzDatabase) -> Face<'a> {
        let apart = zone.filter(|zone| **zone != Zone::utc());
        Face { zone: apart.map(|zone| (zone, tzdb)) }
    }

    /// `2026-07-10 13:00:00 UTC (15:00:00 Europe/Berlin)`; the date too where it is another one.
    pub(super) fn at(&self, at: DateTime<Utc>) -> String {
        let known = self.zone.and_then(|(zone, tz)| Some((zone, zone.local_at(at, tz).ok()?)));
        let Some((zone, local)) = known else { return utc(at) };
        let format = match local.date() == at.date_naive() {
            true => "%H:%M:%S",
            false => "%Y-%m-%d %H:%M:%S",
        };
        format!("{} ({} {zone})", utc(at), local.format(format))
    }

    /// The same with how far it is from now: `.., in 3 h 2 min` or `.., 5 min ago`.
    pub(super) fn relative(&self, now: DateTime<Utc>, at: DateTime<Utc>) -> String {
        let ahead = at.signed_duration_since(now);
        let distance = match ahead > TimeDelta::zero() {
            true => format!("in {}", length(ahead)),
            false => format!("{} ago", length(-ahead)),
        };
        format!("{}, {distance}", self.at(at))
    }
}

/// `3 ms`, `12 s`, `5 min`, `3 h 2 min`, `2 d 4 h`: the two largest units, cut.
pub(super) fn length(delta: TimeDelta) -> String {
    let delta = delta.abs();
    let (seconds, millis) = (delta.num_seconds(), delta.num_milliseconds());
    let two = |large: i64, unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{large} {unit}"),
        small => format!("{large} {unit} {small} {small_unit}"),
    };
    match seconds {
        0 if millis == 0 => "less than 1 ms".to_owned(),
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds / 60 % 60, "min"),
        _ => two(seconds / 86_400, "d", seconds / 3_600 % 24, "h"),
    }
}

/// `3 ms late`, `on time`; nothing is sent early, and if it were this would say so.
pub(super) fn lateness(lateness: TimeDelta) -> String {
    if lateness == TimeDelta::zero() {
        return "on time".to_owned();
    }
    let side = if lateness < TimeDelta::zero() { "early" } else { "late" };
    format!("{} {side}", length(lateness))
}

/// `seen 2 min ago`, `seen just now`.
pub(super) fn seen(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let ago = now.signed_duration_since(at);
    if ago < TimeDelta::seconds(1) {
        "seen just now".to_owned()
    } else {
        format!("seen {} ago", length(ago))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_cut_to_two_units() {
        for (micros, words) in [
            (0, "less than 1 ms"),
            (999, "less than 1 ms"),
            (3_000, "3 ms"),
            (-3_000, "3 ms"),
            (59_999_999, "59 s"),
            (61_000_000, "1 min 1 s"),
            (10_920_000_000, "3 h 2 min"),
            (7_200_000_000, "2 h"),
            (187_200_000_000, "2 d 4 h"),
        ] {
            assert_eq!(length(TimeDelta::microseconds(micros)), words, "{micros}");
        }
        assert_eq!(lateness(TimeDelta::zero()), "on time");
        assert_eq!(lateness(TimeDelta::seconds(-2)), "2 s early");
    }

    #[test]
    fn the_local_date_is_shown_where_it_is_another_one() {
        let tzdb = TzDatabase::newest();
        let at: DateTime<Utc> = "2026-07-09T22:30:00Z".parse().unwrap();
        for (zone, shown) in [
            ("Europe/London", "2026-07-09 22:30:00 UTC (23:30:00 Europe/London)"),
            ("Asia/Tokyo", "2026-07-09 22:30:00 UTC (2026-07-10 07:30:00 Asia/Tokyo)"),
            ("UTC", "2026-07-09 22:30:00 UTC"),
        ] {
            let zone = Zone::new(zone).unwrap();
            assert_eq!(Face::new(Some(&zone), &tzdb).at(at), shown);
        }
        assert_eq!(Face::new(None, &tzdb).at(at), "2026-07-09 22:30:00 UTC");
    }
}
