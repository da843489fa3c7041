//! The integration tests, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests too may end the test; clippy knows only functions under #[test]"
)]

#[cfg(all(feature = "sqlite", feature = "templates", feature = "testing"))]
mod calendar;
#[cfg(feature = "testing")]
mod cases;
#[cfg(feature = "testing")]
mod conformance;
#[cfg(feature = "sqlite")]
mod differential;
#[cfg(feature = "testing")]
mod engine;
#[cfg(all(feature = "sqlite", feature = "templates", feature = "testing"))]
mod examples;
#[cfg(feature = "testing")]
mod inspect;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod killed;
mod policy;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "templates")]
mod render;
#[cfg(feature = "testing")]
mod review;
#[cfg(feature = "testing")]
mod scenarios;
#[cfg(all(feature = "smtp", feature = "templates", feature = "testing"))]
mod security;
#[cfg(any(feature = "postgres", all(feature = "smtp", feature = "testing")))]
mod servers;
#[cfg(all(feature = "smtp", feature = "testing"))]
mod smtp;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "testing")]
mod testing;
mod tidy;
mod time;
