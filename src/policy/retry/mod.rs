//! When to try again after an attempt that failed for a passing reason.

mod next;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::PolicyError;
use crate::time::wire;

pub use next::{GREYLISTING_MINIMUM, Jitter, NextTry};

/// How often, and after which pauses, an attempt is repeated.
///
/// The n-th failure is followed by the n-th step, the last step repeats; every pause is spread by
/// the jitter, so that rows that failed together do not come back together.
///
/// | channel | steps | attempts | jitter |
/// |---|---|---|---|
/// | [`email`](RetryPolicy::email), the default | 1, 5, 15, 30, 60 min, then every 2 h | 20 | 20 % |
/// | [`webhook`](RetryPolicy::webhook) | 5 s, 5, 30 min, 2, 5, 10, 14, 20, 24 h | 20 | 20 % |
/// | [`sms`](RetryPolicy::sms) | 30 s, 2, 10, 30, 60 min | 20 | 20 % |
///
/// # Examples
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use puntual::policy::{Jitter, NextTry, RetryPolicy};
///
/// let policy = RetryPolicy::email();
/// let now: DateTime<Utc> = "2026-07-09T13:00:00Z".parse()?;
/// let expires_at = now + TimeDelta::minutes(50);
/// let next = |now, failures| policy.next(now, failures, Jitter::NONE, None, expires_at);
///
/// assert_eq!(next(now, 1), NextTry::At(now + TimeDelta::minutes(1)));
/// // An hour would be too late: the last try is pulled forward, to 5 minutes before expiry.
/// let last = now + TimeDelta::minutes(45);
/// assert_eq!(next(now, 5), NextTry::At(last));
/// assert_eq!(next(last, 6), NextTry::Expired);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct RetryPolicy {
    steps: Vec<Step>,
    attempts_max: u32,
    jitter_percent: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
struct Step(#[serde(with = "wire::duration")] Duration);

/// A policy as it is stored, before its rules are checked again.
#[derive(Deserialize)]
struct Unchecked {
    steps: Vec<Step>,
    attempts_max: u32,
    jitter_percent: u8,
}

/// A row is not attempted more often than this, whatever its policy says.
const ATTEMPTS_LIMIT: u32 = 20;

/// The share of a step by which it is made longer or shorter: enough to spread a crowd, too
/// little to change what the host meant.
const JITTER_PERCENT: u8 = 20;

/// More would make steps meet one another.
const JITTER_PERCENT_LIMIT: u8 = 50;

/// Shorter pauses are a storm, not a policy.
const STEP_MIN: Duration = Duration::from_millis(1);

/// The horizon of a reminder, 10 years: a longer pause could never be waited for.
const STEP_MAX: Duration = Duration::from_secs(3_660 * 24 * HOUR);

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

impl RetryPolicy {
    /// Pauses in the order of the failures that they follow; the last one repeats. Cut to
    /// microseconds.
    ///
    /// # Errors
    ///
    /// [`Invalid`](super::PolicyErrorKind::Invalid): no step or more than 20, a step shorter than
    /// 1 ms or longer than 10 years, a step shorter than the one before it.
    pub fn steps(steps: impl IntoIterator<Item = Duration>) -> Result<Self, PolicyError> {
        // One more than allowed is enough to see that there are too many.
        let steps = steps.into_iter().take(ATTEMPTS_LIMIT as usize + 1).map(Step::cut).collect();
        Self { steps, attempts_max: ATTEMPTS_LIMIT, jitter_percent: JITTER_PERCENT }.checked()
    }

    /// The same pause between all attempts, `attempts_max` attempts in all.
    ///
    /// # Errors
    ///
    /// [`Invalid`](super::PolicyErrorKind::Invalid), as [`steps`](RetryPolicy::steps) and
    /// [`with_attempts_max`](RetryPolicy::with_attempts_max).
    pub fn fixed(attempts_max: u32, step: Duration) -> Result<Self, PolicyError> {
        Self::steps([step])?.with_attempts_max(attempts_max)
    }

    /// Pauses that begin with `base` and grow by `factor`, up to `cap`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](super::PolicyErrorKind::Invalid): a factor below 1, infinite or not a number;
    /// a cap shorter than the base; and as [`steps`](RetryPolicy::steps).
    ///
    /// # Examples
    ///
    /// ```
    /// use puntual::policy::{Jitter, RetryPolicy};
    /// use std::time::Duration;
    ///
    /// let (base, cap) = (Duration::from_secs(1), Duration::from_secs(7_200));
    /// let policy = RetryPolicy::exponential(base, 2.0, cap)?;
    /// assert_eq!(policy.pause(4, Jitter::NONE), Duration::from_secs(8));
    /// assert_eq!(policy.pause(u32::MAX, Jitter::NONE), cap);
    /// # Ok::<(), puntual::policy::PolicyError>(())
    /// ```
    pub fn exponential(base: Duration, factor: f64, cap: Duration) -> Result<Self, PolicyError> {
        if !factor.is_finite() || factor < 1.0 {
            return Err(PolicyError::invalid("factor", "must be a finite number of at least 1"));
        }
        if cap < base {
            return Err(PolicyError::invalid("cap", "must not be shorter than the base"));
        }
        let mut seconds = base.as_secs_f64();
        // Between 20 attempts there are at most 19 pauses; what grows past all bounds is the cap.
        Self::steps((1..ATTEMPTS_LIMIT).map(|_| {
            let step = Duration::try_from_secs_f64(seconds).map_or(cap, |step| step.min(cap));
            seconds *= factor;
            step.max(base)
        }))
    }

    /// For mail servers: they recover in minutes, and greylisting wants some patience.
    pub fn email() -> Self {
        Self::preset(&[MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR])
    }

    /// For the endpoints of other programs: a deployment takes seconds, a repair until tomorrow.
    pub fn webhook() -> Self {
        let (short, long) = ([5, 5 * MINUTE, 30 * MINUTE], [2, 5, 10, 14, 20, 24]);
        let steps: Vec<u64> = short.into_iter().chain(long.map(|hours| hours * HOUR)).collect();
        Self::preset(&steps)
    }

    /// For SMS providers.
    pub fn sms() -> Self {
        Self::preset(&[30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR])
    }

    /// Attempts in all, the first one included; 20 by default.
    ///
    /// # Errors
    ///
    /// [`Invalid`](super::PolicyErrorKind::Invalid) outside 1 to 20.
    pub fn with_attempts_max(mut self, attempts_max: u32) -> Result<Self, PolicyError> {
        self.attempts_max = attempts_max;
        self.checked()
    }

    /// By how many percent of itself a pause is made longer or shorter; 20 by default, 0 for
    /// none.
    ///
    /// # Errors
    ///
    /// [`Invalid`](super::PolicyErrorKind::Invalid) above 50.
    pub fn with_jitter_percent(mut self, jitter_percent: u8) -> Result<Self, PolicyError> {
        self.jitter_percent = jitter_percent;
        self.checked()
    }

    /// Attempts in all, the first one included.
    pub fn attempts_max(&self) -> u32 {
        self.attempts_max
    }

    fn step(&self, failures: u32) -> Duration {
        let index = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
        let step = self.steps.get(index).or(self.steps.last());
        step.map_or(STEP_MAX, |step| step.0)
    }

    fn preset(seconds: &[u64]) -> Self {
        let steps = seconds.iter().map(|seconds| Step(Duration::from_secs(*seconds))).collect();
        Self { steps, attempts_max: ATTEMPTS_LIMIT, jitter_percent: JITTER_PERCENT }
    }

    fn checked(self) -> Result<Self, PolicyError> {
        let invalid = |field, rule| Err(PolicyError::invalid(field, rule));
        if self.steps.is_empty() || self.steps.len() > ATTEMPTS_LIMIT as usize {
            return invalid("steps", "must be 1 to 20");
        }
        if self.steps.iter().any(|step| !(STEP_MIN..=STEP_MAX).contains(&step.0)) {
            return invalid("steps", "must each last 1 ms to 10 years");
        }
        if !self.steps.is_sorted() {
            return invalid("steps", "must not get shorter");
        }
        if !(1..=ATTEMPTS_LIMIT).contains(&self.attempts_max) {
            return invalid("attempts_max", "must be 1 to 20");
        }
        if self.jitter_percent > JITTER_PERCENT_LIMIT {
            return invalid("jitter_percent", "must be 0 to 50");
        }
        Ok(self)
    }
}

/// [`RetryPolicy::email`].
impl Default for RetryPolicy {
    fn default() -> Self {
        Self::email()
    }
}

impl TryFrom<Unchecked> for RetryPolicy {
    type Error = PolicyError;

    fn try_from(
        Unchecked { steps, attempts_max, jitter_percent }: Unchecked,
    ) -> Result<Self, PolicyError> {
        Self { steps, attempts_max, jitter_percent }.checked()
    }
}

impl Step {
    fn cut(step: Duration) -> Self {
        Self(Duration::new(step.as_secs(), step.subsec_micros() * 1_000))
    }
}
