//! The integration tests, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests too may end the test; clippy knows only functions under #[test]"
)]

mod calendar;
mod engine;
mod policy;
mod scenarios;
#[cfg(feature = "sqlite")]
mod sqlite;
mod tidy;
mod time;
