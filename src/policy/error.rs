//! What can be wrong with a policy, and with which of its fields.

use std::error::Error;
use std::fmt;

/// A number of a policy that breaks its rule, or an expiry that cannot be met.
///
/// # Examples
///
/// ```
/// use puntual::policy::{PolicyErrorKind, RetryPolicy};
/// use std::time::Duration;
///
/// let error = RetryPolicy::fixed(0, Duration::from_secs(60)).unwrap_err();
/// assert_eq!(error.kind(), PolicyErrorKind::Invalid);
/// assert_eq!(error.to_string(), "attempts_max: must be 1 to 20");
/// ```
#[derive(Debug)]
pub struct PolicyError {
    kind: PolicyErrorKind,
    field: &'static str,
    rule: &'static str,
}

/// What kind of rule a policy broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyErrorKind {
    /// A number outside its range.
    Invalid,
    /// An expiry counted from an event, and there is no event.
    NeedsEvent,
    /// An expiry that is not after due: the reminder could never be sent.
    NotAfterDue,
    /// An instant outside the years 1970 to 9999.
    OutOfRange,
}

impl PolicyError {
    pub(super) fn new(kind: PolicyErrorKind, field: &'static str, rule: &'static str) -> Self {
        Self { kind, field, rule }
    }

    pub(super) fn invalid(field: &'static str, rule: &'static str) -> Self {
        Self::new(PolicyErrorKind::Invalid, field, rule)
    }

    /// What kind of rule was broken.
    pub fn kind(&self) -> PolicyErrorKind {
        self.kind
    }

    /// The rule in words.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// The field of the policy that holds the bad value, `attempts_max` for example.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.rule)
    }
}

impl Error for PolicyError {}
