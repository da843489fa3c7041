//! The integration tests, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests too may end the test; clippy knows only functions under #[test]"
)]

#[cfg(feature = "testing")]
mod conformance;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "testing")]
mod testing;
mod tidy;
