//! The integration tests, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests too may end the test; clippy knows only functions under #[test]"
)]

mod render;
mod tidy;
