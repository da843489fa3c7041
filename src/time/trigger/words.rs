//! A trigger in words, for `explain`, history and logs.

use std::fmt;
use std::time::Duration;

use chrono::{NaiveTime, Timelike};

use super::{Trigger, TriggerZone, When};

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.when {
            When::Now => f.write_str("at once")?,
            When::At(at) => write!(f, "at {at}")?,
            When::Before(offset) => write!(f, "{} before the event", Words(offset))?,
            When::After(offset) => write!(f, "{} after the event", Words(offset))?,
            When::DaysBefore(0) | When::DaysAfter(0) => f.write_str("on the day of the event")?,
            When::DaysBefore(days) => write!(f, "{} before the event", Count(days, "day"))?,
            When::DaysAfter(days) => write!(f, "{} after the event", Count(days, "day"))?,
            When::MonthsBefore(months) => write!(f, "{} before the event", Count(months, "month"))?,
        }
        if let Some(time) = self.at_time {
            write!(f, " at {}", shortest(time))?;
        }
        match &self.zone {
            None => Ok(()),
            Some(TriggerZone::Recipient) => f.write_str(" in the recipient's zone"),
            Some(TriggerZone::Named(zone)) => write!(f, " in {zone}"),
        }
    }
}

/// `09:00`, or with seconds where there are any.
fn shortest(time: NaiveTime) -> impl fmt::Display {
    let whole = time.second() == 0 && time.nanosecond() == 0;
    time.format(if whole { "%H:%M" } else { "%H:%M:%S%.f" })
}

struct Count<N>(N, &'static str);

impl<N: fmt::Display + PartialEq + From<u8>> fmt::Display for Count<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == N::from(1) { "" } else { "s" };
        write!(f, "{} {}{plural}", self.0, self.1)
    }
}

/// `24 hours`, `1 hour 30 minutes`, `0.5 seconds`: hours are the largest unit, because a day on
/// the calendar is another distance.
struct Words(Duration);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0.as_secs(), self.0.subsec_micros());
        let parts = [(seconds / 3_600, "hour"), (seconds / 60 % 60, "minute")];
        let mut gap = "";
        for (count, unit) in parts {
            if count > 0 {
                write!(f, "{gap}{}", Count(count, unit))?;
                gap = " ";
            }
        }
        let rest = seconds % 60;
        if micros > 0 {
            let fraction = format!("{rest}.{micros:06}");
            write!(f, "{gap}{} seconds", fraction.trim_end_matches('0'))
        } else if rest > 0 || gap.is_empty() {
            write!(f, "{gap}{}", Count(rest, "second"))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Zone;

    #[test]
    fn triggers_read_like_a_sentence() {
        let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
        let late = NaiveTime::from_hms_milli_opt(23, 59, 59, 500).unwrap();
        let secs = Duration::from_secs;
        for (trigger, words) in [
            (Trigger::now(), "at once"),
            (Trigger::before(secs(86_400)), "24 hours before the event"),
            (Trigger::before(secs(5_400)), "1 hour 30 minutes before the event"),
            (Trigger::after(secs(3_601)), "1 hour 1 second after the event"),
            (Trigger::after(Duration::from_millis(500)), "0.5 seconds after the event"),
            (Trigger::after(Duration::ZERO), "0 seconds after the event"),
            (Trigger::days_before(1), "1 day before the event"),
            (Trigger::days_after(2).at_time(late), "2 days after the event at 23:59:59.500"),
            (
                Trigger::days_before(0).at_time(nine).in_recipient_zone(),
                "on the day of the event at 09:00 in the recipient's zone",
            ),
            (Trigger::months_before(1).in_zone(Zone::utc()), "1 month before the event in UTC"),
        ] {
            assert_eq!(trigger.to_string(), words);
        }
        let at = Trigger::at("2026-07-10T13:00:00Z".parse().unwrap());
        assert_eq!(at.to_string(), "at 2026-07-10 13:00:00 UTC");
    }
}
