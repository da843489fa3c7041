//! What could not be used of a file, said so that a person finds it.

use std::fmt;

/// How many problems of one file are told one by one.
pub(crate) const PROBLEMS_MAX: usize = 100;

/// How many characters of a bad value are shown.
const SHOWN_MAX: usize = 60;

/// An event or a property that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) file: String,
    /// The `UID` or the ordinal of the event; `None` where the file as a whole is meant.
    pub(crate) uid: Option<String>,
    pub(crate) reason: String,
}

impl Problem {
    pub(crate) fn of_file(file: &str, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), uid: None, reason: reason.into() }
    }

    pub(crate) fn of_event(file: &str, uid: &str, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), uid: Some(uid.to_owned()), reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.escape_debug())?;
        if let Some(uid) = &self.uid {
            write!(f, "event {}: ", uid.escape_debug())?;
        }
        f.write_str(&self.reason)
    }
}

/// A bad value as it can be shown: in quotes, control characters escaped, cut to a length.
pub(crate) fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{:?}..", &value[..end]),
        None => format!("{value:?}"),
    }
}

/// Keeps the first `PROBLEMS_MAX` problems and says that there were more.
pub(crate) fn shorten(file: &str, problems: &mut Vec<Problem>) {
    if problems.len() > PROBLEMS_MAX {
        problems.truncate(PROBLEMS_MAX);
        problems.push(Problem::of_file(file, "there are more problems, they are not shown"));
    }
}
