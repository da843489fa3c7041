//! HOW OFTEN and HOW LATE: the figures, and that nothing overflows.

mod breaker;
mod expiry;
mod retry;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use puntual::time::{FIRST_INSTANT, LAST_INSTANT};

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

fn now() -> DateTime<Utc> {
    "2026-07-09T13:00:00Z".parse().unwrap()
}

fn later(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    let micros = FIRST_INSTANT.timestamp_micros()..=LAST_INSTANT.timestamp_micros();
    micros.prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap())
}
