//! Every number of the engine: with its unit, its default and the reason for it.

use std::time::Duration;

use crate::task::{InvalidField, Rule};

/// The engine's numbers. All have defaults; change what you must with the `with_*` methods.
///
/// ```
/// use std::time::Duration;
/// use puntual::scheduler::Config;
///
/// let config = Config::default().with_poll(Duration::from_secs(30));
/// config.check()?;
/// assert_eq!(config.lease, Duration::from_secs(30));
/// # Ok::<(), puntual::task::InvalidField>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How long a claim holds its rows without a renewal: 30 s. So long waits the work of a worker
    /// that was killed.
    pub lease: Duration,
    /// How often leases are renewed: 10 s, so that two renewals may fail.
    pub renewal: Duration,
    /// How long the engine sleeps at most: 60 s. Rows that wake sooner than that wake it.
    pub poll: Duration,
    /// At most so many rows in one claim: 500; more gains nothing.
    pub batch: u32,
    /// How long an attempt may take up to its hand-off: 10 min.
    pub attempt_timeout: Duration,
    /// How long an attempt may wait for its answer, from its hand-off on: 11 min. A mail server may
    /// think for ten (RFC 5321, section 4.5.3.2.6), and whoever waits for it should give up first.
    /// An attempt is given up when both limits are over: a shorter one than
    /// [`attempt_timeout`](Config::attempt_timeout) counts only where the hand-off came late.
    pub answer_timeout: Duration,
    /// How long a hook (guard, resolver, renderer) may take: 30 s.
    pub hook_timeout: Duration,
    /// A message must be of use for at least so long when a delivery window moves it: 5 min.
    pub min_lead: Duration,
    /// What the gate keeps between the first byte and the end of the lease: 2 s.
    pub hand_off_margin: Duration,
    /// The first pause after the store failed: 500 ms, doubling up to `store_retry_max`.
    pub store_retry: Duration,
    /// The longest pause after the store failed: 30 s.
    pub store_retry_max: Duration,
    /// How often a call that lost a race is repeated at once: 20 times.
    pub conflicts_max: u32,
    /// Clocks that differ by more than this pause the engine: 5 s.
    pub clock_skew_max: Duration,
    /// A step of the wall clock by more than this pauses the engine: 1 s.
    pub clock_step_max: Duration,
    /// How often a paused engine looks at its clocks: 5 s; two agreeing looks resume it.
    pub clock_probe: Duration,
    /// How often a worker renews its presence note: 5 min.
    pub presence: Duration,
    /// How often finished rows are looked through for what is past its retention: 1 h.
    pub maintenance: Duration,
    /// How long an address is suppressed that its provider refused for good: 30 days. Mailboxes
    /// come back; what a person did not want never ends by itself.
    pub suppress_for: Duration,
    /// How long the personal part of a finished row is kept: 30 days.
    pub keep_bodies: Duration,
    /// How long a finished row is kept: 400 days.
    pub keep_rows: Duration,
    /// How many rows one statement of maintenance touches: 1,000.
    pub maintenance_batch: u32,
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Config {
    fn default() -> Self {
        Config {
            lease: 30 * SECOND,
            renewal: 10 * SECOND,
            poll: MINUTE,
            batch: 500,
            attempt_timeout: 10 * MINUTE,
            answer_timeout: 11 * MINUTE,
            hook_timeout: 30 * SECOND,
            min_lead: 5 * MINUTE,
            hand_off_margin: 2 * SECOND,
            store_retry: Duration::from_millis(500),
            store_retry_max: 30 * SECOND,
            conflicts_max: 20,
            clock_skew_max: 5 * SECOND,
            clock_step_max: SECOND,
            clock_probe: 5 * SECOND,
            presence: 5 * MINUTE,
            maintenance: 60 * MINUTE,
            suppress_for: 30 * DAY,
            keep_bodies: 30 * DAY,
            keep_rows: 400 * DAY,
            maintenance_batch: 1_000,
        }
    }
}

macro_rules! with {
    ($($(#[$doc:meta])* $method:ident: $field:ident: $type:ty;)*) => {
        impl Config {
            $($(#[$doc])* #[must_use]
            pub fn $method(mut self, $field: $type) -> Self {
                self.$field = $field;
                self
            })*
        }
    };
}

with! {
    /// Sets [`Config::lease`].
    with_lease: lease: Duration;
    /// Sets [`Config::renewal`].
    with_renewal: renewal: Duration;
    /// Sets [`Config::poll`].
    with_poll: poll: Duration;
    /// Sets [`Config::batch`].
    with_batch: batch: u32;
    /// Sets [`Config::attempt_timeout`].
    with_attempt_timeout: attempt_timeout: Duration;
    /// Sets [`Config::answer_timeout`].
    with_answer_timeout: answer_timeout: Duration;
    /// Sets [`Config::hook_timeout`].
    with_hook_timeout: hook_timeout: Duration;
    /// Sets [`Config::min_lead`].
    with_min_lead: min_lead: Duration;
    /// Sets [`Config::hand_off_margin`].
    with_hand_off_margin: hand_off_margin: Duration;
    /// Sets [`Config::suppress_for`].
    with_suppress_for: suppress_for: Duration;
    /// Sets [`Config::keep_bodies`].
    with_keep_bodies: keep_bodies: Duration;
    /// Sets [`Config::keep_rows`].
    with_keep_rows: keep_rows: Duration;
}

impl Config {
    /// Checks that the numbers make sense, each and together.
    ///
    /// # Errors
    ///
    /// The first that does not, by its name.
    pub fn check(&self) -> Result<(), InvalidField> {
        let refuse = |field, rule: &str| Err(InvalidField::new(field, Rule::OutOfRange, rule));
        let second_to_day = [
            ("lease", self.lease),
            ("renewal", self.renewal),
            ("poll", self.poll),
            ("attempt_timeout", self.attempt_timeout),
            ("answer_timeout", self.answer_timeout),
            ("hook_timeout", self.hook_timeout),
            ("clock_probe", self.clock_probe),
            ("presence", self.presence),
            ("maintenance", self.maintenance),
        ];
        for (field, value) in second_to_day {
            if value < Duration::from_millis(10) || value > DAY {
                return refuse(field, "it must lie between 10 ms and one day");
            }
        }
        if self.lease < 2 * self.renewal {
            return refuse("lease", "it must be at least twice as long as renewal");
        }
        if self.hand_off_margin > self.lease / 2 {
            return refuse("hand_off_margin", "it must be at most half of lease");
        }
        if self.poll > MINUTE {
            return refuse("poll", "it must be at most 60 s: later rows wake nobody");
        }
        if self.batch == 0 || self.batch > 10_000 {
            return refuse("batch", "it must lie between 1 and 10,000");
        }
        if self.maintenance_batch == 0 {
            return refuse("maintenance_batch", "it must be at least 1");
        }
        if self.store_retry.is_zero() || self.store_retry > self.store_retry_max {
            return refuse("store_retry", "it must lie between 0 and store_retry_max");
        }
        if self.keep_rows < self.keep_bodies {
            return refuse("keep_rows", "rows must be kept at least as long as their bodies");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused_by_its_name() {
        let default = Config::default;
        assert_eq!(default().check(), Ok(()));
        for (config, field) in [
            (default().with_lease(SECOND), "lease"),
            (default().with_renewal(Duration::ZERO), "renewal"),
            (default().with_poll(2 * MINUTE), "poll"),
            (default().with_batch(0), "batch"),
            (default().with_attempt_timeout(Duration::MAX), "attempt_timeout"),
            (default().with_answer_timeout(Duration::ZERO), "answer_timeout"),
            (default().with_hand_off_margin(MINUTE), "hand_off_margin"),
            (default().with_hand_off_margin(Duration::MAX), "hand_off_margin"),
            (default().with_keep_rows(DAY), "keep_rows"),
        ] {
            assert_eq!(config.check().unwrap_err().field(), field);
        }
    }
}
