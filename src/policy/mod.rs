//! HOW OFTEN and HOW LATE: numbers and small pure functions.
//!
//! [`RetryPolicy`] says when to try again after a failure, [`ExpiryPolicy`] when sending has
//! become worse than silence, [`PastDue`] what becomes of a reminder that is too late when it is
//! asked for, [`BreakerPolicy`] how long a channel is left alone that answers to nobody,
//! [`Rate`] how much may go out in how much time.
//!
//! Time and chance are arguments: no policy reads a clock or draws a random number.

mod breaker;
mod error;
mod expiry;
mod past_due;
mod rate;
mod retry;

pub use breaker::{Breaker, BreakerPolicy, BreakerState};
pub use error::{PolicyError, PolicyErrorKind};
pub use expiry::ExpiryPolicy;
pub use past_due::{PastDue, PastDueDecision};
pub use rate::Rate;
pub use retry::{GREYLISTING_MINIMUM, Jitter, NextTry, RetryPolicy};
