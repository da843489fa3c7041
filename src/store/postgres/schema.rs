//! The name of the schema that holds the tables.

use std::fmt;
use std::str::FromStr;

use crate::task::{InvalidField, Rule};

/// The longest name, in bytes: what Postgres adds to it stays below its own limit of 63.
const BYTES_MAX: usize = 41;

/// The name of a Postgres schema: `[a-z_][a-z0-9_]{0,40}`.
///
/// ```
/// use puntual::store::SchemaName;
///
/// assert_eq!(SchemaName::default().as_str(), "puntual");
/// assert_eq!(SchemaName::new("clinic_7")?.as_str(), "clinic_7");
/// assert!(SchemaName::new("clinic 7").is_err());
/// # Ok::<(), puntual::task::InvalidField>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SchemaName(String);

impl SchemaName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// It is empty, longer than 41 bytes, begins with a digit, or has a character other than small
    /// ASCII letters, digits and `_`.
    pub fn new(name: impl Into<String>) -> Result<SchemaName, InvalidField> {
        let name = name.into();
        let refuse = |rule, detail: &str| {
            Err(InvalidField::new("schema name", rule, detail).with_value(&name))
        };
        if name.is_empty() {
            return refuse(Rule::NotEmpty, "it must not be empty");
        }
        if name.len() > BYTES_MAX {
            return refuse(Rule::TooLong, &format!("at most {BYTES_MAX} bytes are allowed"));
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !name.chars().all(allowed) || name.starts_with(|c: char| c.is_ascii_digit()) {
            let detail = "only a-z, 0-9 and '_' are allowed, and no digit at its beginning";
            return refuse(Rule::Malformed, detail);
        }
        Ok(SchemaName(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `puntual`.
impl Default for SchemaName {
    fn default() -> Self {
        SchemaName("puntual".to_owned())
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for SchemaName {
    type Err = InvalidField;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        SchemaName::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_name_is_one_that_needs_no_thought_about_quoting() {
        for name in ["a", "_", "puntual", "clinic_7", &"a".repeat(41)] {
            assert_eq!(SchemaName::new(name).unwrap().as_str(), name);
        }
        for (name, rule) in [
            ("", Rule::NotEmpty),
            (&*"a".repeat(42), Rule::TooLong),
            ("7a", Rule::Malformed),
            ("Clinic", Rule::Malformed),
            ("a\"; drop schema public; --", Rule::Malformed),
            ("a.b", Rule::Malformed),
            ("ä", Rule::Malformed),
            ("a\0", Rule::Malformed),
        ] {
            assert_eq!(SchemaName::new(name).unwrap_err().rule(), rule, "{name:?}");
        }
    }
}
