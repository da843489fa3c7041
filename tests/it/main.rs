//! The integration tests, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests too may end the test; clippy knows only functions under #[test]"
)]

#[cfg(all(feature = "sqlite", feature = "templates", feature = "testing"))]
mod calendar;
#[cfg(feature = "testing")]
mod conformance;
#[cfg(feature = "testing")]
mod engine;
#[cfg(feature = "testing")]
mod inspect;
mod policy;
#[cfg(feature = "testing")]
mod review;
#[cfg(feature = "testing")]
mod scenarios;
#[cfg(feature = "sqlite")]
mod sqlite;
mod tidy;
mod time;
