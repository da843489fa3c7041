//! From the failure that just happened to the next try.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::RetryPolicy;
use crate::time::{saturating_add, saturating_sub};

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NextTry {
    /// Try again at this instant: after now, not before the floor, before expiry.
    At(DateTime<Utc>),
    /// No further try fits in before expiry.
    Expired,
    /// This failure was the last that the policy allows.
    UsedUp,
}

/// The floor after a reply that greylists: a server that does so refuses every earlier try. RFC
/// 6647 section 5 lets it ask for a minute at least; a widespread setting is five.
pub const GREYLISTING_MINIMUM: Duration = Duration::from_secs(5 * 60);

/// How long before expiry the last try is made at the latest: time enough to deliver.
const LAST_TRY_LEAD: Duration = Duration::from_secs(5 * 60);

impl RetryPolicy {
    /// The pause after this many failures, spread by the jitter; never zero. Zero failures count
    /// as one.
    pub fn pause(&self, failures: u32, jitter: Jitter) -> Duration {
        let step = self.step(failures).as_micros();
        let share = u128::from(jitter.0.unsigned_abs()) * u128::from(self.jitter_percent);
        // A step is at most 10 years, the share at most half of it.
        let spread = step * share / (u128::from(Jitter::WHOLE) * 100);
        let micros = if jitter.0 < 0 { step.saturating_sub(spread) } else { step + spread };
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX).max(1))
    }

    /// What follows the attempt that failed just now, `failures` counting it.
    ///
    /// `floor` is the earliest instant that the provider allows: its `retry_after`, or the
    /// [`GREYLISTING_MINIMUM`]. It is applied after the jitter.
    ///
    /// Where the next pause reaches beyond expiry, one last try is pulled forward to 5 minutes
    /// before expiry, or half a step where that is less, so that it still happens; not before the
    /// floor, and not where that instant has passed. Steps never get shorter, so this happens
    /// once: when the last try has failed, its place is past.
    pub fn next(
        &self,
        now: DateTime<Utc>,
        failures: u32,
        jitter: Jitter,
        floor: Option<DateTime<Utc>>,
        expires_at: DateTime<Utc>,
    ) -> NextTry {
        if failures >= self.attempts_max {
            return NextTry::UsedUp;
        }
        if now >= expires_at {
            return NextTry::Expired;
        }
        let floor = floor.unwrap_or(now);
        let planned = saturating_add(now, self.pause(failures, jitter)).max(floor);
        if planned < expires_at {
            return NextTry::At(planned);
        }
        let lead = LAST_TRY_LEAD.min(self.step(failures) / 2);
        let pulled = saturating_sub(expires_at, lead);
        if pulled <= now || floor >= expires_at {
            return NextTry::Expired;
        }
        NextTry::At(pulled.max(floor))
    }
}

/// By how much of the jitter a pause is made longer or shorter: chance, brought as a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Jitter(i32);

impl Jitter {
    /// The pause as it stands.
    pub const NONE: Self = Self(0);

    /// The jitter is counted in millionths of itself.
    const WHOLE: u32 = 1_000_000;

    /// Spreads 64 random bits evenly between one jitter shorter and one jitter longer.
    pub fn from_entropy(bits: u64) -> Self {
        let count = 2 * u64::from(Self::WHOLE) + 1;
        // Below 2,000,001, so it fits.
        Self((bits % count) as i32 - Self::WHOLE as i32)
    }
}
