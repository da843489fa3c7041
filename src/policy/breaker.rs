//! How long a channel is left alone that answers to nobody.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::error::PolicyError;
use crate::time::{saturating_add, wire};

/// When the breaker of a channel opens, and for how long.
///
/// By default it opens after 5 attempts in a row that found the channel down, for 30 seconds,
/// then twice as long each time, up to 5 minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BreakerPolicy {
    failures_to_open: u32,
    opening_first: Duration,
    opening_max: Duration,
}

/// What is known about a channel: a small value that workers share through the store.
///
/// Closed, every attempt is allowed. Open, the channel is not claimed and its rows stay untouched.
/// After the opening time it is half open: one attempt may probe the channel; its success closes
/// the breaker, its failure opens it for twice as long.
///
/// # Examples
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use puntual::policy::{Breaker, BreakerPolicy, BreakerState};
///
/// let (policy, now): (_, DateTime<Utc>) =
///     (BreakerPolicy::default(), "2026-07-10T13:00:00Z".parse()?);
/// let mut breaker = Breaker::default();
/// for _ in 0..5 {
///     breaker = breaker.on_channel_down(now, &policy, None, "535 5.7.8".into());
/// }
/// let until = now + TimeDelta::seconds(30);
/// assert_eq!(breaker.state(now), BreakerState::Open { until });
/// assert_eq!(breaker.state(until), BreakerState::HalfOpen);
/// assert_eq!(breaker.on_success(), Breaker::default());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    failures_in_row: u32,
    openings_in_row: u32,
    #[serde(with = "wire::instant_option")]
    open_since: Option<DateTime<Utc>>,
    #[serde(with = "wire::instant_option")]
    open_until: Option<DateTime<Utc>>,
    reason: Option<String>,
}

/// Whether a channel may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerState {
    /// Every attempt is allowed.
    Closed,
    /// No attempt is allowed.
    Open {
        /// When one attempt may probe the channel.
        until: DateTime<Utc>,
    },
    /// One attempt may probe the channel.
    HalfOpen,
}

/// A provider that asks for a longer pause is asked again after this one: rows expire meanwhile,
/// and a wrong date in a header must not silence a channel for a year.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// No opening is longer than this: a channel that nobody asks looks like one that is down.
const OPENING_LIMIT: Duration = Duration::from_secs(24 * 3_600);

impl BreakerPolicy {
    /// Opens after `failures_to_open` failures in a row, for `opening_first`, doubling up to
    /// `opening_max`. Durations are cut to microseconds.
    ///
    /// # Errors
    ///
    /// [`Invalid`](super::PolicyErrorKind::Invalid): no failure, an opening shorter than 1 ms or
    /// longer than 24 hours, a maximum shorter than the first opening.
    pub fn new(
        failures_to_open: u32,
        opening_first: Duration,
        opening_max: Duration,
    ) -> Result<Self, PolicyError> {
        if failures_to_open == 0 {
            return Err(PolicyError::invalid(
                "failures_to_open",
                "must be at least 1",
            ));
        }
        if opening_first < Duration::from_millis(1) {
            return Err(PolicyError::invalid(
                "opening_first",
                "must be at least 1 ms",
            ));
        }
        if opening_max < opening_first || opening_max > OPENING_LIMIT {
            let rule = "must be at least the first opening and at most 24 hours";
            return Err(PolicyError::invalid("opening_max", rule));
        }
        Ok(Self {
            failures_to_open,
            opening_first,
            opening_max,
        })
    }

    /// The n-th opening in a row: doubled each time, then the maximum.
    fn opening(&self, openings_in_row: u32) -> Duration {
        let doublings = openings_in_row.saturating_sub(1);
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.opening_first
            .checked_mul(factor)
            .map_or(self.opening_max, |d| d.min(self.opening_max))
    }
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            failures_to_open: 5,
            opening_first: Duration::from_secs(30),
            opening_max: Duration::from_secs(300),
        }
    }
}

impl Breaker {
    /// Whether the channel may be used at `now`.
    pub fn state(&self, now: DateTime<Utc>) -> BreakerState {
        match self.open_until {
            None => BreakerState::Closed,
            Some(until) if now < until => BreakerState::Open { until },
            Some(_) => BreakerState::HalfOpen,
        }
    }

    /// Until when the breaker is open; `None` where an attempt is allowed at `now`.
    pub fn open_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.open_until.filter(|until| now < *until)
    }

    /// Since when the channel has been down; `None` while the breaker is closed.
    pub fn open_since(&self) -> Option<DateTime<Utc>> {
        self.open_since
    }

    /// What the channel answered last when it was down.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The channel after an attempt that reached it, whatever it said about the message.
    #[must_use]
    pub fn on_success(&self) -> Self {
        Self::default()
    }

    /// The channel after an attempt that found it down.
    ///
    /// `retry_after` is the provider's wish; it lengthens an opening, by no more than an hour from
    /// now. `reason` must be fit for logs: no address, no secret, short. Failures that arrive while
    /// the breaker is open belong to attempts that began before, and do not double the opening.
    #[must_use]
    pub fn on_channel_down(
        &self,
        now: DateTime<Utc>,
        policy: &BreakerPolicy,
        retry_after: Option<DateTime<Utc>>,
        reason: String,
    ) -> Self {
        let mut next = self.clone();
        next.failures_in_row = self.failures_in_row.saturating_add(1);
        next.reason = Some(reason);
        let wish = retry_after.map(|wish| wish.min(saturating_add(now, RETRY_AFTER_MAX)));
        match self.state(now) {
            BreakerState::Closed if next.failures_in_row < policy.failures_to_open => {}
            BreakerState::Open { until } => next.open_until = Some(until).max(wish),
            BreakerState::Closed | BreakerState::HalfOpen => {
                next.openings_in_row = self.openings_in_row.saturating_add(1);
                next.open_since = self.open_since.or(Some(now));
                let until = saturating_add(now, policy.opening(next.openings_in_row));
                next.open_until = Some(until).max(wish);
            }
        }
        next
    }
}
