//! The refusal of a value: which field, which value, which rule.

use std::fmt;

use super::SafeText;

/// A value that was refused before anything was stored or sent.
///
/// Its text names the field, the value (redacted where it is personal) and the rule:
/// `address "j***@e***.com" is refused: a domain needs a dot`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidField {
    field: &'static str,
    value: Option<SafeText>,
    rule: Rule,
    detail: String,
}

/// The rule that a refused value broke, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// It must not be empty.
    NotEmpty,
    /// It must not contain NUL, which databases cannot store.
    NoNul,
    /// It is longer than its limit in [`Limits`](super::Limits).
    TooLong,
    /// It does not follow the grammar of its type.
    Malformed,
    /// It lies outside its range.
    OutOfRange,
    /// It names something that is not known here: a zone, a channel, a template.
    Unknown,
    /// It does not go together with another field.
    Contradiction,
    /// The same key was given to two different requests.
    Duplicate,
}

impl InvalidField {
    /// A refusal of `field` by `rule`; `detail` says the rule in words, lower case.
    pub fn new(field: &'static str, rule: Rule, detail: impl Into<String>) -> Self {
        InvalidField { field, value: None, rule, detail: detail.into() }
    }

    /// Adds the refused value as it may be shown: redacted by the caller where personal.
    #[must_use]
    pub fn with_value(mut self, shown: impl AsRef<str>) -> Self {
        self.value = Some(SafeText::limited(shown.as_ref(), 80));
        self
    }

    /// The field that was refused, in the words of the API.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The rule that it broke.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// The value as it may be shown, if it may.
    pub fn value(&self) -> Option<&SafeText> {
        self.value.as_ref()
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => {
                write!(f, "{} \"{}\" is refused: {}", self.field, value, self.detail)
            }
            None => write!(f, "{} is refused: {}", self.field, self.detail),
        }
    }
}

impl std::error::Error for InvalidField {}

impl From<crate::time::TimeError> for InvalidField {
    fn from(error: crate::time::TimeError) -> Self {
        use crate::time::TimeErrorKind as Kind;
        let rule = match error.kind() {
            Kind::UnknownZone => Rule::Unknown,
            Kind::OutOfRange => Rule::OutOfRange,
            Kind::AfterEvent | Kind::BeforeEvent => Rule::Contradiction,
            _ => Rule::Malformed,
        };
        InvalidField::new(error.field(), rule, error.to_string())
    }
}

impl From<crate::policy::PolicyError> for InvalidField {
    fn from(error: crate::policy::PolicyError) -> Self {
        InvalidField::new(error.field(), Rule::OutOfRange, error.to_string())
    }
}
