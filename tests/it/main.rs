//! The integration tests, in one binary.
// A failed unwrap is a failed test, in helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod policy;
mod time;
