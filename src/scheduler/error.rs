//! How a call of the engine fails.

use std::fmt;

use crate::store::{StoreError, StoreErrorKind};
use crate::task::{InvalidField, SafeText};

/// A call of the engine failed; nothing of it was stored, unless its kind says otherwise.
#[derive(Debug)]
pub struct ScheduleError(Box<Fault>);

#[derive(Debug)]
enum Fault {
    Invalid { index: Option<usize>, field: InvalidField },
    Store(StoreError),
    Refused(SafeText),
}

/// What a caller can do about a [`ScheduleError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScheduleErrorKind {
    /// A value was refused: mend the request.
    Invalid,
    /// Somebody else was at it: repeat the call, or the whole transaction.
    Conflict,
    /// Unknown whether it was stored: repeat the same call; nothing is stored twice.
    Transient,
    /// The store will not do it.
    Permanent,
    /// The engine may not do it in this state: the text says why.
    Refused,
}

impl ScheduleError {
    pub(crate) fn invalid(index: usize, field: InvalidField) -> Self {
        ScheduleError(Box::new(Fault::Invalid { index: Some(index), field }))
    }

    pub(crate) fn refused(why: impl Into<SafeText>) -> Self {
        ScheduleError(Box::new(Fault::Refused(why.into())))
    }

    /// What the caller can do.
    pub fn kind(&self) -> ScheduleErrorKind {
        match &*self.0 {
            Fault::Invalid { .. } => ScheduleErrorKind::Invalid,
            Fault::Refused(_) => ScheduleErrorKind::Refused,
            Fault::Store(error) => match error.kind() {
                StoreErrorKind::Conflict => ScheduleErrorKind::Conflict,
                StoreErrorKind::Transient => ScheduleErrorKind::Transient,
                StoreErrorKind::Permanent => ScheduleErrorKind::Permanent,
            },
        }
    }

    /// The refused field, if a value was refused.
    pub fn invalid_field(&self) -> Option<&InvalidField> {
        match &*self.0 {
            Fault::Invalid { field, .. } => Some(field),
            Fault::Store(_) | Fault::Refused(_) => None,
        }
    }

    /// Which reminder of the call was refused, from 0.
    pub fn index(&self) -> Option<usize> {
        match &*self.0 {
            Fault::Invalid { index, .. } => *index,
            Fault::Store(_) | Fault::Refused(_) => None,
        }
    }
}

impl From<StoreError> for ScheduleError {
    fn from(error: StoreError) -> Self {
        ScheduleError(Box::new(Fault::Store(error)))
    }
}

impl From<InvalidField> for ScheduleError {
    fn from(field: InvalidField) -> Self {
        ScheduleError(Box::new(Fault::Invalid { index: None, field }))
    }
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Fault::Invalid { index: Some(index), field } => write!(f, "reminder {index}: {field}"),
            Fault::Invalid { index: None, field } => field.fmt(f),
            Fault::Store(_) => f.write_str("the store did not do what the engine asked"),
            Fault::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

impl std::error::Error for ScheduleError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Fault::Store(error) => Some(error),
            Fault::Invalid { .. } | Fault::Refused(_) => None,
        }
    }
}

/// An engine could not be built: all problems at once, before anything runs.
#[derive(Debug)]
pub struct BuildError(pub(crate) Vec<InvalidField>);

impl BuildError {
    /// Everything that is wrong.
    pub fn problems(&self) -> &[InvalidField] {
        &self.0
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the scheduler cannot be built")?;
        for (at, problem) in self.0.iter().enumerate() {
            write!(f, "{} {problem}", if at == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildError {}
