//! What time it can be: no single clock is trusted where there are two.
//!
//! A clock that jumped forward has sent other people's whole next week at once. So the engine
//! keeps an interval: something is due when the *earliest* time it can be is past it, and expired
//! when the *latest* is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Config;
use crate::time::{Clock, saturating_add, saturating_sub};

/// The time, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) earliest: DateTime<Utc>,
    pub(crate) latest: DateTime<Utc>,
}

/// Why the engine may not act by its clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt(pub(crate) String);

/// Compares the wall clock with the monotonic clock, and with the store's where it has one.
#[derive(Debug)]
pub(crate) struct Timekeeper {
    clock: Arc<dyn Clock>,
    step_max: TimeDelta,
    skew_max: TimeDelta,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    wall: DateTime<Utc>,
    monotonic: Duration,
    doubt: Option<Doubt>,
    agreeing: u32,
    /// When doubt began, or was last looked into, on the monotonic clock.
    looked_at: Duration,
    /// The server's clock minus ours, and half the round trip.
    server: Option<(TimeDelta, Duration)>,
}

impl Timekeeper {
    pub(crate) fn new(clock: Arc<dyn Clock>, config: &Config) -> Timekeeper {
        let state = State {
            wall: clock.now(),
            monotonic: clock.monotonic(),
            doubt: None,
            agreeing: 0,
            looked_at: Duration::ZERO,
            server: None,
        };
        let delta = |d| TimeDelta::from_std(d).unwrap_or(TimeDelta::MAX);
        Timekeeper {
            clock,
            step_max: delta(config.clock_step_max),
            skew_max: delta(config.clock_skew_max),
            pause: config.clock_probe,
            state: Mutex::new(state),
        }
    }

    /// The time, or why it is in doubt. A step of the wall clock against the monotonic one is
    /// noticed here, at every call.
    pub(crate) fn now(&self) -> Result<Interval, Doubt> {
        let mut state = self.lock();
        self.look(&mut state);
        match &state.doubt {
            Some(doubt) => Err(doubt.clone()),
            None => Ok(Self::interval(&state)),
        }
    }

    /// The time as far as it is known, in doubt or not: for outcomes that must be recorded anyway.
    pub(crate) fn best(&self) -> Interval {
        Self::interval(&self.lock_looking())
    }

    /// Looks again while in doubt: two agreeing looks in a row resume. Called every few seconds.
    pub(crate) fn probe(&self) {
        let mut state = self.lock();
        let stepped = self.look(&mut state);
        let waited = state.monotonic.saturating_sub(state.looked_at);
        if state.doubt.is_none() || waited < self.pause {
            return;
        }
        state.looked_at = state.monotonic;
        state.agreeing = if stepped { 0 } else { state.agreeing + 1 };
        let skewed = state.server.is_some_and(|(skew, _)| skew.abs() > self.skew_max);
        if state.agreeing >= 2 && !skewed {
            state.doubt = None;
            state.agreeing = 0;
            tracing::info!("the clocks agree again: claiming resumes");
        }
    }

    /// Takes the server's time from a call that began at `before` on the monotonic clock.
    pub(crate) fn compare(&self, before: Duration, server_time: Option<DateTime<Utc>>) {
        let Some(server_time) = server_time.filter(|_| self.clock.compares_with_store()) else {
            return;
        };
        let (wall, after) = (self.clock.now(), self.clock.monotonic());
        let half = after.saturating_sub(before) / 2;
        let skew = saturating_add(server_time, half).signed_duration_since(wall);
        let mut state = self.lock();
        state.server = Some((skew, half));
        if skew.abs() > self.skew_max && state.doubt.is_none() {
            let text = format!("the store's clock differs by {} ms", skew.num_milliseconds());
            self.doubt(&mut state, text);
        }
    }

    fn lock_looking(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        self.look(&mut state);
        state
    }

    /// Moves the anchor to now; true if the wall clock stepped since the last look.
    fn look(&self, state: &mut State) -> bool {
        let (wall, monotonic) = (self.clock.now(), self.clock.monotonic());
        let passed = TimeDelta::from_std(monotonic.saturating_sub(state.monotonic))
            .unwrap_or(TimeDelta::MAX);
        let shown = wall.signed_duration_since(state.wall);
        let step = shown.checked_sub(&passed).unwrap_or(TimeDelta::MAX);
        (state.wall, state.monotonic) = (wall, monotonic);
        let stepped = step.abs() > self.step_max;
        if stepped {
            state.agreeing = 0;
            let text = format!("the wall clock stepped by {} ms", step.num_milliseconds());
            self.doubt(state, text);
        }
        stepped
    }

    #[allow(clippy::unused_self, reason = "beside its siblings")]
    fn doubt(&self, state: &mut State, text: String) {
        tracing::error!(reason = %text, "the clocks do not agree: nothing is claimed");
        state.doubt = Some(Doubt(text));
        state.looked_at = state.monotonic;
    }

    fn interval(state: &State) -> Interval {
        let Some((skew, half)) = state.server else {
            return Interval { earliest: state.wall, latest: state.wall };
        };
        let server = state.wall.checked_add_signed(skew).unwrap_or(state.wall);
        Interval {
            earliest: state.wall.min(saturating_sub(server, half)),
            latest: state.wall.max(saturating_add(server, half)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
