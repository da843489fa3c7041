//! How often an attempt is repeated, and when.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;
use puntual::policy::{GREYLISTING_MINIMUM, Jitter, NextTry, PolicyErrorKind, RetryPolicy};
use puntual::time::LAST_INSTANT;

use super::{HOUR, MINUTE, any_instant, later, now, secs};

#[test]
fn each_channel_waits_as_its_table_says() {
    let minutes = |list: &[u64]| list.iter().map(|count| count * MINUTE).collect::<Vec<_>>();
    let email = minutes(&[1, 5, 15, 30, 60, 120, 120]);
    let sms = [vec![30], minutes(&[2, 10, 30, 60, 60])].concat();
    let webhook = [
        vec![5],
        minutes(&[5, 30]),
        [2, 5, 10, 14, 20, 24, 24].iter().map(|count| count * HOUR).collect(),
    ]
    .concat();
    for (policy, steps) in [
        (RetryPolicy::default(), &email),
        (RetryPolicy::email(), &email),
        (RetryPolicy::sms(), &sms),
        (RetryPolicy::webhook(), &webhook),
        (RetryPolicy::fixed(3, secs(60)).unwrap(), &vec![60, 60]),
    ] {
        for (failures, step) in (1..).zip(steps) {
            assert_eq!(policy.pause(failures, Jitter::NONE), secs(*step), "failure {failures}");
        }
    }
    assert_eq!(RetryPolicy::email().attempts_max(), 20);
}

#[test]
fn attempts_end_with_the_last_that_the_policy_allows() {
    let far = LAST_INSTANT;
    let next =
        |policy: &RetryPolicy, failures| policy.next(now(), failures, Jitter::NONE, None, far);
    let email = RetryPolicy::email();
    assert_eq!(next(&email, 19), NextTry::At(later(7_200)));
    assert_eq!(next(&email, 20), NextTry::UsedUp);
    assert_eq!(next(&email, u32::MAX), NextTry::UsedUp);
    let old = RetryPolicy::fixed(3, secs(60)).unwrap();
    assert_eq!(next(&old, 2), NextTry::At(later(60)));
    assert_eq!(next(&old, 3), NextTry::UsedUp);
    let once = RetryPolicy::fixed(1, secs(60)).unwrap();
    assert_eq!(next(&once, 1), NextTry::UsedUp);
}

#[test]
fn growth_is_capped_first_and_spread_afterwards() {
    let cap = secs(2 * HOUR);
    let policy = RetryPolicy::exponential(secs(1), 2.0, cap).unwrap();
    for bits in [0, 1, 1_000_000, 2_000_000, u64::MAX] {
        let jitter = Jitter::from_entropy(bits);
        for failures in [0, 1, 2, 13, 14, 63, 64, 65, 100, u32::MAX] {
            let pause = policy.pause(failures, jitter);
            let step = (1_u64 << failures.saturating_sub(1).min(13)).min(2 * HOUR);
            assert!(pause >= secs(step) * 4 / 5 && pause <= secs(step) * 6 / 5, "{pause:?}");
            assert!(pause > Duration::ZERO && pause <= cap * 6 / 5);
        }
    }
    let tiny =
        RetryPolicy::steps([Duration::from_millis(1)]).unwrap().with_jitter_percent(50).unwrap();
    assert_eq!(tiny.pause(1, Jitter::from_entropy(0)), Duration::from_micros(500));
    assert_eq!(tiny.pause(1, Jitter::from_entropy(2_000_000)), Duration::from_micros(1_500));
    assert_eq!(tiny.pause(1, Jitter::from_entropy(1_000_000)), Duration::from_millis(1));
}

#[test]
fn the_floor_is_applied_after_the_jitter() {
    let policy = RetryPolicy::email();
    let next =
        |bits, floor| policy.next(now(), 1, Jitter::from_entropy(bits), floor, later(86_400));
    assert_eq!(next(0, None), NextTry::At(later(48)));
    assert_eq!(next(2_000_000, None), NextTry::At(later(72)));
    let greylisted = Some(now() + GREYLISTING_MINIMUM);
    assert_eq!(next(0, greylisted), NextTry::At(later(300)));
    assert_eq!(next(2_000_000, Some(later(60))), NextTry::At(later(72)));
}

#[test]
fn the_last_try_before_expiry_is_pulled_forward_once() {
    let policy = RetryPolicy::email();
    // failures, floor, expiry: all in seconds from now.
    for (failures, floor, expires, expected) in [
        (4, None, 1_801, NextTry::At(later(1_800))), // the step fits
        (4, None, 1_800, NextTry::At(later(1_500))), // it does not: 5 min before expiry
        (4, None, 301, NextTry::At(later(1))),
        (4, None, 300, NextTry::Expired), // this was the last try
        (4, None, 0, NextTry::Expired),
        (4, None, -60, NextTry::Expired),
        (1, None, 60, NextTry::At(later(30))), // half a step, where a step is short
        (1, None, 30, NextTry::Expired),
        (4, Some(1_600), 1_800, NextTry::At(later(1_600))), // never before the floor
        (4, Some(1_400), 1_800, NextTry::At(later(1_500))),
        (4, Some(1_800), 1_800, NextTry::Expired),
        (4, Some(9_999), 1_800, NextTry::Expired),
        (4, Some(9_999), 10_000, NextTry::At(later(9_999))),
        (20, None, 1_800, NextTry::UsedUp),
    ] {
        let next = policy.next(now(), failures, Jitter::NONE, floor.map(later), later(expires));
        assert_eq!(next, expected, "failure {failures}, floor {floor:?}, expiry {expires}");
    }
}

#[test]
fn retry_policies_that_cannot_work_are_refused_naming_the_field() {
    let step = secs(60);
    let email = RetryPolicy::email;
    for (policy, field) in [
        (RetryPolicy::steps([]), "steps"),
        (RetryPolicy::steps([Duration::ZERO]), "steps"),
        (RetryPolicy::steps([Duration::from_micros(999)]), "steps"),
        (RetryPolicy::steps([Duration::MAX]), "steps"),
        (RetryPolicy::steps([step, secs(30)]), "steps"),
        (RetryPolicy::steps(std::iter::repeat(step)), "steps"),
        (RetryPolicy::fixed(0, step), "attempts_max"),
        (RetryPolicy::fixed(21, step), "attempts_max"),
        (RetryPolicy::exponential(Duration::ZERO, 2.0, step), "steps"),
        (RetryPolicy::exponential(step, f64::NAN, step), "factor"),
        (RetryPolicy::exponential(step, f64::INFINITY, step), "factor"),
        (RetryPolicy::exponential(step, 0.5, step), "factor"),
        (RetryPolicy::exponential(step, -2.0, step), "factor"),
        (RetryPolicy::exponential(step, 2.0, secs(59)), "cap"),
        (RetryPolicy::exponential(step, 1e9, Duration::MAX), "steps"),
        (email().with_attempts_max(0), "attempts_max"),
        (email().with_jitter_percent(51), "jitter_percent"),
    ] {
        let error = policy.unwrap_err();
        assert_eq!((error.kind(), error.field()), (PolicyErrorKind::Invalid, field), "{error}");
        assert!(error.to_string().starts_with(field));
    }
    let steep = RetryPolicy::exponential(step, f64::MAX, secs(HOUR)).unwrap();
    assert_eq!(steep.pause(2, Jitter::NONE), secs(HOUR));
}

#[test]
fn retry_policies_are_stored_as_texts_and_checked_when_read() {
    let json = r#"{"steps":["PT1M"],"attempts_max":3,"jitter_percent":20}"#;
    let policy = RetryPolicy::fixed(3, secs(60)).unwrap();
    assert_eq!(serde_json::to_string(&policy).unwrap(), json);
    assert_eq!(serde_json::from_str::<RetryPolicy>(json).unwrap(), policy);
    for broken in [
        r#"{"steps":[],"attempts_max":3,"jitter_percent":20}"#,
        r#"{"steps":["PT0S"],"attempts_max":3,"jitter_percent":20}"#,
        r#"{"steps":["PT1M"],"attempts_max":0,"jitter_percent":20}"#,
        r#"{"steps":["PT1M"],"attempts_max":3,"jitter_percent":200}"#,
    ] {
        assert!(serde_json::from_str::<RetryPolicy>(broken).is_err(), "{broken}");
    }
}

fn any_policy() -> impl Strategy<Value = RetryPolicy> {
    let exponential = (1..10_000_u64, 1.0..1e9_f64, 0..100_000_u64, 0..=50_u8);
    prop_oneof![
        Just(RetryPolicy::email()),
        Just(RetryPolicy::webhook()),
        Just(RetryPolicy::sms()),
        exponential.prop_map(|(base, factor, more, percent)| {
            let policy = RetryPolicy::exponential(secs(base), factor, secs(base + more)).unwrap();
            policy.with_jitter_percent(percent).unwrap()
        }),
    ]
}

proptest! {
    #[test]
    fn the_next_try_is_after_now_and_the_floor_and_before_expiry(
        policy in any_policy(),
        now in any_instant(),
        life in 0..200_000_000_000_i64,
        failures in prop_oneof![0..25_u32, any::<u32>()],
        bits in any::<u64>(),
        floor in prop::option::of(any_instant()),
    ) {
        let expires = now.timestamp_micros().saturating_add(life);
        let expires = DateTime::from_timestamp_micros(expires).unwrap().min(LAST_INSTANT);
        match policy.next(now, failures, Jitter::from_entropy(bits), floor, expires) {
            NextTry::At(at) => {
                prop_assert!(at > now && at < expires, "{now} {at} {expires}");
                prop_assert!(floor.is_none_or(|floor| at >= floor));
                prop_assert!(failures < policy.attempts_max());
            }
            NextTry::UsedUp => prop_assert!(failures >= policy.attempts_max()),
            _ => prop_assert!(failures < policy.attempts_max()),
        }
    }

    #[test]
    fn tries_end_and_at_most_one_of_them_is_pulled_forward(
        policy in any_policy(),
        life in 1..1_000_000_000_000_i64,
        bits in any::<[u64; 20]>(),
    ) {
        let expires = now() + TimeDelta::microseconds(life);
        let (mut at, mut pulled) = (now(), 0);
        for (failures, bits) in (1..).zip(bits) {
            let jitter = Jitter::from_entropy(bits);
            let NextTry::At(next) = policy.next(at, failures, jitter, None, expires) else {
                prop_assert!(pulled <= 1);
                return Ok(());
            };
            if next - at < TimeDelta::from_std(policy.pause(failures, jitter)).unwrap() {
                pulled += 1;
            }
            at = next;
        }
        prop_assert!(false, "the 20th failure is the last");
    }
}
