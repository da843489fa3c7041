//! A clock that stands still until a test moves it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::oneshot;

use crate::time::{Clock, FIRST_INSTANT, LAST_INSTANT, checked_add_delta, saturating_add};

/// After so many turns of the runtime in which nobody asked the clock, everybody waits. A step of
/// the engine asks it every few turns.
const QUIET_TURNS: u32 = 24;

/// At most so many turns: a task that spins without end must not hang the test.
const TURNS_MAX: u32 = 1_000_000;

/// A clock that stands still until it is moved; clones are the same clock.
///
/// There are two ways to move it:
///
/// - [`advance`](VirtualClock::advance) and [`advance_to`](VirtualClock::advance_to) jump: all
///   sleepers whose deadline has passed wake together, and see the end of the jump. That is what
///   tests want that call the engine themselves (`run_until_idle`).
/// - [`run_for`](VirtualClock::run_for) and [`run_to`](VirtualClock::run_to) go from deadline to
///   deadline and let the tasks of the runtime run at each of them. That is what a *started*
///   engine needs: it renews its leases and retries at the times at which it would.
///
/// Wall and monotonic clock move together, but for [`step_wall`](VirtualClock::step_wall), which
/// is a clock that was set.
///
/// # Examples
///
/// ```
/// use puntual::testing::VirtualClock;
/// use puntual::time::Clock;
/// use std::time::Duration;
///
/// let clock = VirtualClock::at("2026-07-10T13:00:00Z");
/// clock.advance(Duration::from_secs(24 * 60 * 60));
/// assert_eq!(clock.now().to_rfc3339(), "2026-07-11T13:00:00+00:00");
/// assert_eq!(clock.monotonic(), Duration::from_secs(24 * 60 * 60));
/// ```
#[derive(Clone)]
pub struct VirtualClock {
    shared: Arc<Mutex<State>>,
}

/// A sleeper's deadline, and its number where several have the same.
type Place = (DateTime<Utc>, u64);

struct State {
    wall: DateTime<Utc>,
    monotonic: Duration,
    /// Who waits for the wall clock, and who for the monotonic one.
    sleepers: BTreeMap<Place, oneshot::Sender<()>>,
    pauses: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
    /// Grows whenever somebody asks: while it grows, tasks are at work.
    asked: u64,
}

impl VirtualClock {
    /// A clock that shows `start`: a `DateTime<Utc>`, or a text of RFC 3339.
    ///
    /// # Panics
    ///
    /// The text is no RFC 3339, or the instant lies outside the years 1970 to 9999.
    pub fn at(start: impl IntoInstant) -> VirtualClock {
        let state = State {
            wall: start.into_instant(),
            monotonic: Duration::ZERO,
            sleepers: BTreeMap::new(),
            pauses: BTreeMap::new(),
            asked: 0,
        };
        VirtualClock { shared: Arc::new(Mutex::new(state)) }
    }

    /// What the wall clock shows.
    pub fn now(&self) -> DateTime<Utc> {
        self.lock().wall
    }

    /// Jumps ahead. Sleepers whose deadline has passed wake when the test next awaits.
    ///
    /// The clock stops at the end of the year 9999.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.lock();
        state.monotonic = state.monotonic.saturating_add(duration);
        let wall = saturating_add(state.wall, duration);
        state.show(wall);
    }

    /// Jumps ahead to `instant`; does nothing where it is past.
    ///
    /// # Panics
    ///
    /// As [`VirtualClock::at`].
    pub fn advance_to(&self, instant: impl IntoInstant) {
        let instant = instant.into_instant();
        let ahead = instant.signed_duration_since(self.lock().wall);
        self.advance(ahead.to_std().unwrap_or_default());
    }

    /// Sets the wall clock ahead or back, as a person or a time server does. The monotonic clock
    /// does not move, and that is how an engine notices.
    pub fn step_wall(&self, step: TimeDelta) {
        let mut state = self.lock();
        let end = if step < TimeDelta::zero() { FIRST_INSTANT } else { LAST_INSTANT };
        let wall = checked_add_delta(state.wall, step).unwrap_or(end);
        state.show(wall);
    }

    /// Moves ahead from deadline to deadline, and lets the runtime's tasks run at each of them
    /// until they wait again.
    ///
    /// It needs the runtime of one thread that `#[tokio::test]` gives by default. Work on other
    /// threads (files, sockets) is not waited for: with such a store, call the engine yourself and
    /// [`advance`](VirtualClock::advance) in between.
    ///
    /// # Cancel safety
    ///
    /// A dropped call leaves the clock at the deadline it had reached.
    pub async fn run_for(&self, duration: Duration) {
        let end = saturating_add(self.now(), duration);
        self.run_to(end).await;
    }

    /// As [`VirtualClock::run_for`], up to `instant`.
    ///
    /// # Panics
    ///
    /// As [`VirtualClock::at`].
    ///
    /// # Cancel safety
    ///
    /// As [`VirtualClock::run_for`].
    pub async fn run_to(&self, instant: impl IntoInstant) {
        let end = instant.into_instant();
        self.settle().await;
        while let Some(next) = self.next_deadline().filter(|next| *next <= end) {
            self.advance_to(next);
            self.settle().await;
        }
        self.advance_to(end);
        self.settle().await;
    }

    /// Lets the runtime's tasks run until nobody has asked the clock for a while: then everybody
    /// waits for something. The clock does not move.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn settle(&self) {
        let mut seen = self.lock().asked;
        let mut quiet = 0;
        for _ in 0..TURNS_MAX {
            tokio::task::yield_now().await;
            let asked = self.lock().asked;
            quiet = if asked == seen { quiet + 1 } else { 0 };
            seen = asked;
            if quiet == QUIET_TURNS {
                return;
            }
        }
    }

    /// The next deadline that somebody sleeps for.
    pub fn next_deadline(&self) -> Option<DateTime<Utc>> {
        let state = self.lock();
        let sleeper = state.sleepers.keys().next().map(|(deadline, _)| *deadline);
        let pause = state
            .pauses
            .keys()
            .next()
            .map(|(end, _)| saturating_add(state.wall, end.saturating_sub(state.monotonic)));
        sleeper.into_iter().chain(pause).min()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.asked += 1;
        state
    }
}

impl State {
    /// Shows another time and wakes whoever slept for it, the earliest deadline first.
    fn show(&mut self, wall: DateTime<Utc>) {
        self.wall = wall;
        while let Some(first) = self.sleepers.first_entry()
            && first.key().0 <= wall
        {
            // A sleeper that was dropped meanwhile does not mind.
            let _ = first.remove().send(());
        }
        while let Some(first) = self.pauses.first_entry()
            && first.key().0 <= self.monotonic
        {
            let _ = first.remove().send(());
        }
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        self.ask().wall
    }

    fn monotonic(&self) -> Duration {
        self.ask().monotonic
    }

    async fn sleep_until(&self, deadline: DateTime<Utc>) {
        // A clock that was set back before the sleeper ran makes it sleep again: never early.
        while let Some((place, woken)) = self.lie_down(deadline) {
            let sleeper = Sleeper { clock: self, place };
            let _ = woken.await;
            drop(sleeper);
        }
    }

    async fn sleep(&self, duration: Duration) {
        let (place, woken) = {
            let mut state = self.ask();
            let end = state.monotonic.saturating_add(duration);
            if end <= state.monotonic {
                return;
            }
            let (wake, woken) = oneshot::channel();
            let place = (end, state.asked);
            state.pauses.insert(place, wake);
            (place, woken)
        };
        let pause = Pause { clock: self, place };
        let _ = woken.await;
        drop(pause);
    }

    fn compares_with_store(&self) -> bool {
        false
    }
}

impl VirtualClock {
    /// A place among the sleepers; `None` where the deadline is reached.
    fn lie_down(&self, deadline: DateTime<Utc>) -> Option<(Place, oneshot::Receiver<()>)> {
        let mut state = self.ask();
        if state.wall >= deadline {
            return None;
        }
        let (wake, woken) = oneshot::channel();
        let place = (deadline, state.asked);
        state.sleepers.insert(place, wake);
        Some((place, woken))
    }
}

/// Gives its place back when its sleep ends in whatever way.
struct Sleeper<'c> {
    clock: &'c VirtualClock,
    place: Place,
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.clock.ask().sleepers.remove(&self.place);
    }
}

/// As [`Sleeper`], for the monotonic clock.
struct Pause<'c> {
    clock: &'c VirtualClock,
    place: (Duration, u64),
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        self.clock.ask().pauses.remove(&self.place);
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("VirtualClock")
            .field("now", &state.wall)
            .field("sleepers", &(state.sleepers.len() + state.pauses.len()))
            .finish()
    }
}

/// An instant as tests write it down: a `DateTime<Utc>`, or a text of RFC 3339.
pub trait IntoInstant {
    /// The instant, in whole microseconds.
    ///
    /// # Panics
    ///
    /// The text is no RFC 3339, or the instant lies outside the years 1970 to 9999.
    fn into_instant(self) -> DateTime<Utc>;
}

impl IntoInstant for DateTime<Utc> {
    fn into_instant(self) -> DateTime<Utc> {
        match crate::time::checked_instant("instant", self) {
            Ok(instant) => instant,
            Err(error) => panic!("{self} is no instant for a test: {error}"),
        }
    }
}

impl IntoInstant for &str {
    fn into_instant(self) -> DateTime<Utc> {
        match self.parse::<DateTime<Utc>>() {
            Ok(instant) => instant.into_instant(),
            Err(error) => panic!("{self:?} is no instant for a test: {error}"),
        }
    }
}
