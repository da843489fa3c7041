//! The names by which a row is found: kind, channel, subject, person, and the key they make.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{InvalidField, Limits, Rule};

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Cow<'static, str>);

        impl $name {
            /// Checks a name.
            ///
            /// # Errors
            ///
            /// It is empty, longer than [`Limits::WORD_BYTES`], or has a character other than
            /// ASCII letters, digits, `_`, `-`, `.` and `:`.
            pub fn new(name: impl Into<String>) -> Result<Self, InvalidField> {
                let name = name.into();
                check_word($field, &name)?;
                Ok($name(Cow::Owned(name)))
            }

            /// A name as it was stored, unchecked: a row of a newer version stays readable.
            pub fn from_stored(name: String) -> Self {
                $name(Cow::Owned(name))
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

word! {
    /// What sort of message a task is, in the host's words: `reminder_24h`.
    Kind, "kind"
}
word! {
    /// The way a message takes: `email`, `sms`, `webhook`, or one of the host's own.
    Channel, "channel"
}

impl Channel {
    /// E-mail.
    pub const EMAIL: Channel = Channel(Cow::Borrowed("email"));
    /// Text messages to phones.
    pub const SMS: Channel = Channel(Cow::Borrowed("sms"));
    /// Signed HTTP requests.
    pub const WEBHOOK: Channel = Channel(Cow::Borrowed("webhook"));
}

fn check_word(field: &'static str, word: &str) -> Result<(), InvalidField> {
    Limits::key_text(field, word, Limits::WORD_BYTES)?;
    let ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if word.chars().all(ok) {
        return Ok(());
    }
    let detail = "only ASCII letters, digits, '_', '-', '.' and ':' are allowed";
    Err(InvalidField::new(field, Rule::Malformed, detail).with_value(word))
}

/// What a task is about: `("booking", "123")`.
///
/// All reminders of one subject move and are cancelled together.
///
/// ```
/// use puntual::task::Subject;
///
/// let about = Subject::new("booking", 9_123_456_789_654_321_u64);
/// assert_eq!(about.to_string(), "booking 9123456789654321");
/// about.check()?;
/// # Ok::<(), puntual::task::InvalidField>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    kind: String,
    id: String,
}

impl Subject {
    /// A subject of a kind, by the host's own id. It is checked where it is used, so that a host
    /// can write it down once.
    pub fn new(kind: impl Into<String>, id: impl ToString) -> Self {
        Subject { kind: kind.into(), id: id.to_string() }
    }

    /// The kind: `booking`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The host's id, exactly as given.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Checks kind and id.
    ///
    /// # Errors
    ///
    /// The kind is no word (as [`Kind`]), or the id is empty, has a control character, or is
    /// longer than [`Limits::KEY_BYTES`].
    pub fn check(&self) -> Result<(), InvalidField> {
        check_word("subject kind", &self.kind)?;
        check_key("subject id", &self.id)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

/// Whom a task is for, in the host's words: `user 5`. By default the normalised address.
///
/// It stays the same when the address changes; that is how a corrected address moves a pending
/// reminder instead of adding a second one. It can be an address, so `Debug` shows it redacted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonKey(String);

impl PersonKey {
    /// Checks a person's key.
    ///
    /// # Errors
    ///
    /// It is empty, has a control character, or is longer than [`Limits::KEY_BYTES`].
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidField> {
        let key = key.into();
        check_key("person", &key)?;
        Ok(PersonKey(key))
    }

    /// A key as it was stored, unchecked.
    pub fn from_stored(key: String) -> Self {
        PersonKey(key)
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonKey({})", super::address::redact(&self.0))
    }
}

fn check_key(field: &'static str, key: &str) -> Result<(), InvalidField> {
    Limits::key_text(field, key, Limits::KEY_BYTES)?;
    if key.chars().any(char::is_control) {
        return Err(InvalidField::new(
            field,
            Rule::Malformed,
            "control characters are not allowed",
        ));
    }
    Ok(())
}

/// Kind, subject, channel and person in one text: unique as long as the row exists.
///
/// The parts are joined by `|`; a `|` or backslash inside a part is escaped with a backslash, so
/// that two different requests never share a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DedupKey(String);

impl DedupKey {
    /// The key of a request.
    pub fn of(kind: &Kind, subject: &Subject, channel: &Channel, person: &PersonKey) -> Self {
        let parts =
            [kind.as_str(), subject.kind(), subject.id(), channel.as_str(), person.as_str()];
        let mut key = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
        for (at, part) in parts.into_iter().enumerate() {
            if at > 0 {
                key.push('|');
            }
            for c in part.chars() {
                if matches!(c, '|' | '\\') {
                    key.push('\\');
                }
                key.push(c);
            }
        }
        DedupKey(key)
    }

    /// A key as it was stored, unchecked.
    pub fn from_stored(key: String) -> Self {
        DedupKey(key)
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DedupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (front, person) = self.0.rsplit_once('|').unwrap_or(("", &self.0));
        write!(f, "DedupKey({front}|{})", super::address::redact(person))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_different_requests_differ() {
        let key = |id: &str, person: &str| {
            let kind = Kind::new("k").unwrap();
            let person = PersonKey::new(person).unwrap();
            DedupKey::of(&kind, &Subject::new("b", id), &Channel::EMAIL, &person)
        };
        assert_eq!(key("1", "a").as_str(), "k|b|1|email|a");
        assert_ne!(key("1|email", "a"), key("1", "email|a"));
        assert_ne!(key("1\\", "a"), key("1", "\\a"));
    }

    #[test]
    fn names_are_refused_with_their_field_and_rule() {
        for (given, rule) in [
            ("", Rule::NotEmpty),
            ("  ", Rule::NotEmpty),
            ("a\0b", Rule::NoNul),
            ("two words", Rule::Malformed),
            ("ünder", Rule::Malformed),
        ] {
            let error = Kind::new(given).unwrap_err();
            assert_eq!((error.field(), error.rule()), ("kind", rule), "{given:?}");
        }
        assert_eq!(Kind::new("x".repeat(65)).unwrap_err().rule(), Rule::TooLong);
        assert_eq!(Subject::new("b", "1\n").check().unwrap_err().field(), "subject id");
        assert_eq!(PersonKey::new("p".repeat(256)).unwrap_err().rule(), Rule::TooLong);
        assert!(!format!("{:?}", PersonKey::new("jane@example.com").unwrap()).contains("jane"));
    }
}
