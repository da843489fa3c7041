//! When a channel is left alone, and for how long.

use std::time::Duration;

use chrono::TimeDelta;
use proptest::prelude::*;
use puntual::policy::{Breaker, BreakerPolicy, BreakerState};
use puntual::time::LAST_INSTANT;

use super::{any_instant, later, now, secs};

#[test]
fn a_breaker_opens_after_five_in_a_row_and_doubles_up_to_five_minutes() {
    let policy = BreakerPolicy::default();
    let mut breaker = Breaker::default();
    for _ in 0..4 {
        breaker = breaker.on_channel_down(now(), &policy, None, "refused".into());
        assert_eq!(breaker.state(now()), BreakerState::Closed);
    }
    let mut at = now();
    for seconds in [30, 60, 120, 240, 300, 300] {
        breaker = breaker.on_channel_down(at, &policy, None, format!("down {seconds}"));
        let until = at + TimeDelta::seconds(seconds);
        assert_eq!(breaker.state(at), BreakerState::Open { until });
        assert_eq!(breaker.open_until(at), Some(until));
        // Attempts that began before it opened come back: nothing doubles.
        let same = breaker.on_channel_down(at, &policy, None, "late".into());
        assert_eq!(same.open_until(at), Some(until));
        at = until;
        assert_eq!(breaker.state(at), BreakerState::HalfOpen);
        assert_eq!(breaker.open_until(at), None);
    }
    assert_eq!(breaker.open_since(), Some(now()));
    assert_eq!(breaker.reason(), Some("down 300"));
    let closed = breaker.on_success();
    assert_eq!(closed.state(at), BreakerState::Closed);
    assert_eq!((closed.open_since(), closed.reason()), (None, None));
}

#[test]
fn a_success_in_between_starts_the_count_anew() {
    let policy = BreakerPolicy::default();
    let down = |breaker: Breaker| breaker.on_channel_down(now(), &policy, None, "refused".into());
    let mut breaker = (0..4).fold(Breaker::default(), |breaker, _| down(breaker)).on_success();
    for _ in 0..4 {
        breaker = down(breaker);
    }
    assert_eq!(breaker.state(now()), BreakerState::Closed);
    assert!(matches!(down(breaker).state(now()), BreakerState::Open { .. }));
}

#[test]
fn a_providers_wish_lengthens_an_opening_by_an_hour_at_most() {
    let policy = BreakerPolicy::new(1, secs(30), secs(300)).unwrap();
    let open = |wish| {
        let down = Breaker::default().on_channel_down(now(), &policy, wish, "429".into());
        down.open_until(now())
    };
    assert_eq!(open(Some(later(10))), Some(later(30)));
    assert_eq!(open(Some(later(600))), Some(later(600)));
    assert_eq!(open(Some(LAST_INSTANT)), Some(later(3_600)));
}

#[test]
fn breaker_policies_and_stored_breakers_are_checked_and_kept() {
    for (policy, field) in [
        (BreakerPolicy::new(0, secs(30), secs(300)), "failures_to_open"),
        (BreakerPolicy::new(5, Duration::ZERO, secs(300)), "opening_first"),
        (BreakerPolicy::new(5, secs(301), secs(300)), "opening_max"),
        (BreakerPolicy::new(5, secs(30), Duration::MAX), "opening_max"),
    ] {
        assert_eq!(policy.unwrap_err().field(), field);
    }
    let policy = BreakerPolicy::new(1, secs(30), secs(300)).unwrap();
    let open = Breaker::default().on_channel_down(now(), &policy, None, "refused".into());
    for breaker in [Breaker::default(), open] {
        let json = serde_json::to_string(&breaker).unwrap();
        assert_eq!(serde_json::from_str::<Breaker>(&json).unwrap(), breaker, "{json}");
    }
    assert_eq!(serde_json::from_str::<Breaker>("{}").unwrap(), Breaker::default());
}

proptest! {
    #[test]
    fn a_breaker_never_overflows_whatever_it_is_told(
        steps in prop::collection::vec((any_instant(), prop::option::of(any_instant())), 1..80),
    ) {
        let policy = BreakerPolicy::default();
        let mut breaker = Breaker::default();
        for (now, wish) in steps {
            breaker = breaker.on_channel_down(now, &policy, wish, "down".into());
            if let Some(until) = breaker.open_until(now) {
                prop_assert!(until > now && until <= LAST_INSTANT);
            }
        }
        prop_assert_eq!(breaker.reason(), Some("down"));
    }
}
