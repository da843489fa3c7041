//! What time it is: the one place where real time enters.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::instant::{FIRST_INSTANT, LAST_INSTANT, saturating_add};

/// Where the engine gets its time from.
///
/// [`SystemClock`] in production; tests bring a clock that they advance by hand. Two readings are
/// asked for, because neither can be trusted alone: the wall clock may be set, the monotonic one
/// knows no date.
#[async_trait]
pub trait Clock: Debug + Send + Sync + 'static {
    /// The wall clock, in whole microseconds, between
    /// [`FIRST_INSTANT`] and [`LAST_INSTANT`].
    fn now(&self) -> DateTime<Utc>;

    /// Time since an arbitrary start; it never goes back.
    fn monotonic(&self) -> Duration;

    /// Returns once [`now`](Clock::now) has reached `deadline`: never early, at once if it is past.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the wait and has no other effect.
    async fn sleep_until(&self, deadline: DateTime<Utc>);

    /// Returns so long from now by the monotonic clock: for pauses and limits, which a wall clock
    /// that is set must neither shorten nor stretch.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the wait and has no other effect.
    async fn sleep(&self, duration: Duration);

    /// Whether this clock and the database's may be compared.
    ///
    /// A clock that tests advance says `false`: the database's time is then ignored.
    fn compares_with_store(&self) -> bool {
        true
    }
}

/// The machine's clocks.
///
/// # Examples
///
/// ```
/// use puntual::time::{Clock, SystemClock};
///
/// let clock = SystemClock::new();
/// let before = clock.monotonic();
/// assert_eq!(clock.now().timestamp_subsec_nanos() % 1_000, 0);
/// assert!(clock.monotonic() >= before);
/// ```
#[derive(Clone, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// The longest sleep before the wall clock is read again: so long may a jump of the wall
    /// clock stay unnoticed. A timer a second costs nothing that could be measured.
    const SLICE: Duration = Duration::from_secs(1);

    /// A clock whose monotonic reading starts now.
    #[allow(clippy::disallowed_methods)] // the one place where real time enters
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place where real time enters
    fn now(&self) -> DateTime<Utc> {
        wall(SystemTime::now())
    }

    #[allow(clippy::disallowed_methods)] // the one place where real time enters
    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    /// # Panics
    ///
    /// Outside a Tokio runtime with its timer enabled.
    #[allow(clippy::disallowed_methods)] // the one place where real time enters
    async fn sleep_until(&self, deadline: DateTime<Utc>) {
        while let Some(slice) = next_slice(self.now(), deadline) {
            tokio::time::sleep(slice).await;
        }
    }

    /// # Panics
    ///
    /// Outside a Tokio runtime with its timer enabled.
    #[allow(clippy::disallowed_methods)] // the one place where real time enters
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)] // a wrapper that forgets a method changes behaviour
impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> DateTime<Utc> {
        (**self).now()
    }

    fn monotonic(&self) -> Duration {
        (**self).monotonic()
    }

    async fn sleep_until(&self, deadline: DateTime<Utc>) {
        (**self).sleep_until(deadline).await;
    }

    async fn sleep(&self, duration: Duration) {
        (**self).sleep(duration).await;
    }

    fn compares_with_store(&self) -> bool {
        (**self).compares_with_store()
    }
}

/// How long to sleep before the wall clock is read again; `None` when the deadline is reached.
fn next_slice(now: DateTime<Utc>, deadline: DateTime<Utc>) -> Option<Duration> {
    let left = deadline.signed_duration_since(now).to_std().ok()?;
    (!left.is_zero()).then(|| left.min(SystemClock::SLICE))
}

/// The machine's wall clock as an instant of ours; a clock set to before 1970 reads 1970.
fn wall(now: SystemTime) -> DateTime<Utc> {
    match now.duration_since(UNIX_EPOCH) {
        Ok(since) => saturating_add(FIRST_INSTANT, since).min(LAST_INSTANT),
        Err(_) => FIRST_INSTANT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn sleeps_in_slices_and_only_the_rest_at_the_end() {
        assert_eq!(next_slice(at(10), at(3_600)), Some(SystemClock::SLICE));
        let late = at(10) + chrono::TimeDelta::microseconds(999_700);
        assert_eq!(next_slice(late, at(11)), Some(Duration::from_micros(300)));
        assert_eq!(next_slice(at(11), at(11)), None);
        assert_eq!(next_slice(at(12), at(11)), None);
        assert_eq!(next_slice(FIRST_INSTANT, LAST_INSTANT), Some(SystemClock::SLICE));
    }

    #[test]
    fn a_wall_clock_outside_the_range_is_clamped() {
        assert_eq!(wall(UNIX_EPOCH - Duration::from_secs(1)), FIRST_INSTANT);
        let precise = UNIX_EPOCH + Duration::from_nanos(1_999);
        assert_eq!(wall(precise), at(0) + chrono::TimeDelta::microseconds(1));
        let far = UNIX_EPOCH + Duration::from_secs(1 << 40);
        assert_eq!(wall(far), LAST_INSTANT);
    }

    #[tokio::test]
    async fn a_deadline_in_the_past_returns_at_once_through_an_arc() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let started = clock.monotonic();
        clock.sleep_until(FIRST_INSTANT).await;
        assert!(clock.compares_with_store());
        assert!(clock.monotonic() >= started);
    }

    // The one test that waits for real time, because real time is its subject.
    #[tokio::test]
    async fn never_wakes_early() {
        let clock = SystemClock::new();
        let deadline = saturating_add(clock.now(), Duration::from_micros(1_500));
        clock.sleep_until(deadline).await;
        assert!(clock.now() >= deadline);
    }
}
