//! Releases of the time zone database, and which of two is the newer.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A release of the IANA time zone database: a year and a letter.
///
/// Releases are ordered by age; a text that names no release is older than all of them.
///
/// # Examples
///
/// ```
/// use puntual::time::TzVersion;
///
/// assert!(TzVersion::new("2025b") < TzVersion::new("2026a"));
/// assert!(TzVersion::new("local") < TzVersion::new("1996a"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TzVersion(String);

impl TzVersion {
    /// The version that this text names; blanks around it do not count.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The text as given, `2026b` for example.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Year and letters: `2026b-1` is a packager's way to say `2026b`, `za` comes after `z`.
    fn release(&self) -> Option<(u16, &str)> {
        let (year, rest) = self.0.split_at_checked(4)?;
        let letters = rest.split(|c: char| !c.is_ascii_lowercase()).next()?;
        let year = year.bytes().all(|b| b.is_ascii_digit()).then(|| year.parse().ok())??;
        Some((year, letters))
    }
}

impl Ord for TzVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.release().cmp(&other.release()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for TzVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for TzVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_age() {
        let ascending =
            ["", "local", "1996a", "2025b", "2025b-1", "2026", "2026a", "2026z", "2026za"];
        for pair in ascending.windows(2) {
            assert!(TzVersion::new(pair[0]) < TzVersion::new(pair[1]), "{pair:?}");
        }
        assert!(TzVersion::new("2026b-1") < TzVersion::new("2026c"));
        assert_eq!(TzVersion::new(" 2026b\n"), TzVersion::new("2026b"));
        assert!(TzVersion::new("+026b") < TzVersion::new("1996a"));
        assert!(TzVersion::new("ä026b") < TzVersion::new("1996a"));
    }
}
