//! How a store fails: opaque, with a kind by which the caller decides what to do next.

use std::error::Error;
use std::fmt;

use crate::task::SafeText;

/// What a call of a store answers.
pub type StoreResult<T> = Result<T, StoreError>;

/// A store could not do what it was asked.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    operation: &'static str,
    detail: SafeText,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What a caller can do about a [`StoreError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Nothing was written, because somebody else was at it: repeat at once.
    Conflict,
    /// Unknown whether it was written: repeat the same call later.
    Transient,
    /// Nothing was written, and nothing will be: stop and report.
    Permanent,
}

impl StoreError {
    /// An error of `operation`, in words for people: lower case, no full stop.
    pub fn new(
        kind: StoreErrorKind,
        operation: &'static str,
        detail: impl Into<SafeText>,
    ) -> StoreError {
        StoreError { kind, operation, detail: detail.into(), source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
        self.source = Some(source.into());
        self
    }

    /// What the caller can do.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// What was attempted: the name of the method.
    pub fn operation(&self) -> &'static str {
        self.operation
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store could not {}: {}", self.operation, self.detail)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
