//! How many messages in how much time: a limit that holds over every stretch of that length.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::error::PolicyError;
use crate::time::saturating_add;

/// At most so many messages in so much time, however that time is laid.
///
/// # Examples
///
/// ```
/// use puntual::policy::Rate;
/// use std::time::Duration;
///
/// let ten_a_second = Rate::new(10, Duration::from_secs(1))?;
/// assert_eq!(ten_a_second.to_string(), "10 in 1 s");
/// assert!(Rate::new(0, Duration::from_secs(1)).is_err());
/// # Ok::<(), puntual::policy::PolicyError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    count: u32,
    per: Duration,
}

/// More than this is no limit.
const COUNT_MAX: u32 = 1_000_000;
/// Of so many messages one may leave at once; the others follow evenly.
const BURST_PART: u32 = 10;

impl Rate {
    /// At most `count` messages in every stretch of `per`, which is cut to microseconds.
    ///
    /// # Errors
    ///
    /// [`Invalid`](super::PolicyErrorKind::Invalid): none or more than 1,000,000; shorter than a
    /// second or longer than a day.
    pub fn new(count: u32, per: Duration) -> Result<Rate, PolicyError> {
        if count == 0 || count > COUNT_MAX {
            return Err(PolicyError::invalid("count", "must be 1 to 1,000,000"));
        }
        if per < Duration::from_secs(1) || per > Duration::from_secs(24 * 3_600) {
            return Err(PolicyError::invalid("per", "must be one second to one day"));
        }
        let per = Duration::from_micros(u64::try_from(per.as_micros()).unwrap_or(u64::MAX));
        Ok(Rate { count, per })
    }

    /// So many in an hour; for the numbers of this crate, which are in range.
    pub(crate) const fn hourly(count: u32) -> Rate {
        Rate { count, per: Duration::from_secs(3_600) }
    }

    /// How many messages.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// In how much time.
    pub fn per(&self) -> Duration {
        self.per
    }

    /// The distance of messages that are spread evenly.
    pub(crate) fn spacing(&self) -> Duration {
        self.per / self.count
    }

    /// How many may leave at once after a rest.
    pub(crate) fn burst(&self) -> u32 {
        (self.count / BURST_PART).max(1)
    }

    /// How fast permits come back: burst and permits together are `count` in every stretch.
    fn refill(&self) -> Duration {
        self.per / (self.count - self.burst() + 1)
    }

    /// How many may leave at `now`, where `spent_until` is when all permits taken so far will have
    /// come back (the generic cell rate algorithm).
    pub(crate) fn free(&self, now: DateTime<Utc>, spent_until: DateTime<Utc>) -> u32 {
        let refill = self.refill().as_nanos();
        let ahead = spent_until.signed_duration_since(now).to_std().unwrap_or_default().as_nanos();
        let room = refill * u128::from(self.burst() - 1);
        match room.checked_sub(ahead) {
            Some(left) => u32::try_from(left / refill + 1).unwrap_or(u32::MAX).min(self.burst()),
            None => 0,
        }
    }

    /// When all permits will have come back, after `taken` more.
    pub(crate) fn spend(
        &self,
        now: DateTime<Utc>,
        spent_until: DateTime<Utc>,
        taken: u32,
    ) -> DateTime<Utc> {
        // Rounded up to what is stored, so that nothing comes back too early.
        let refill = Duration::from_micros(self.refill().as_nanos().div_ceil(1_000) as u64);
        saturating_add(spent_until.max(now), refill.saturating_mul(taken))
    }

    /// From when on it is worth a look: when half of a burst may leave again.
    pub(crate) fn worth_at(&self, spent_until: DateTime<Utc>) -> DateTime<Utc> {
        let wanted = self.burst().div_ceil(2);
        let early = self.refill().saturating_mul(self.burst() - wanted);
        crate::time::saturating_sub(spent_until, early)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.per.as_secs_f64();
        match self.per.as_secs() {
            3_600 => write!(f, "{} an hour", self.count),
            _ => write!(f, "{} in {seconds} s", self.count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stretch_of_time_holds_more_and_a_backlog_leaves_at_nearly_the_rate() {
        let start: DateTime<Utc> = "2026-07-01T00:00:00Z".parse().unwrap();
        for (count, per, steps) in [(1, 1, 50), (10, 1, 20), (37, 60, 600), (1_000, 1, 400)] {
            let rate = Rate::new(count, Duration::from_secs(per)).unwrap();
            let step = Duration::from_millis(7 * per);
            let (mut spent_until, mut left) = (start, Vec::new());
            for number in 0..steps * 4 {
                let now = saturating_add(start, step * number);
                let free = rate.free(now, spent_until);
                assert!(free <= rate.burst());
                left.extend(std::iter::repeat_n(now, free as usize));
                spent_until = rate.spend(now, spent_until, free);
            }
            for (place, at) in left.iter().enumerate() {
                let within = left[place..].iter().take_while(|other| **other - *at < rate.window());
                assert!(within.count() <= count as usize, "{rate} at {place}");
            }
            let whole = (step * (steps * 4)).as_secs_f64() / rate.per.as_secs_f64();
            let least = f64::from(count) * whole * 0.8 - 1.0;
            assert!(left.len() as f64 >= least, "{rate}: {} of {least}", left.len());
        }
    }

    #[test]
    fn it_is_worth_a_look_when_half_a_burst_may_leave() {
        let now: DateTime<Utc> = "2026-07-01T00:00:00Z".parse().unwrap();
        let rate = Rate::new(100, Duration::from_secs(1)).unwrap();
        let spent = rate.spend(now, now, 10);
        assert_eq!((rate.free(now, now), rate.free(now, spent)), (10, 0));
        let worth = rate.worth_at(spent);
        assert!(worth > now && (5..=6).contains(&rate.free(worth, spent)));
        for (count, per) in [(0, 1), (COUNT_MAX + 1, 1), (1, 0), (1, 86_401)] {
            assert!(Rate::new(count, Duration::from_secs(per)).is_err());
        }
        assert_eq!(Rate::hourly(20).to_string(), "20 an hour");
    }

    impl Rate {
        fn window(&self) -> chrono::TimeDelta {
            chrono::TimeDelta::from_std(self.per).unwrap()
        }
    }
}
