//! The host's own JSON for its template.

use serde::Serialize;
use serde_json::Value;

use super::{InvalidField, Limits, Rule};

/// The host's own JSON for its template, kept as text.
///
/// `Debug` shows its length only: it is the host's, and often personal.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskData(String);

impl TaskData {
    /// Turns a value into JSON and checks it.
    ///
    /// # Errors
    ///
    /// It does not serialize, is longer than [`Limits::BODY_BYTES`], nests deeper than
    /// [`Limits::JSON_DEPTH`], or has a NUL in a text or a name.
    pub fn new(value: &impl Serialize) -> Result<Self, InvalidField> {
        let text = serde_json::to_string(value).map_err(|error| {
            InvalidField::new("data", Rule::Malformed, format!("it is no JSON: {error}"))
        })?;
        Self::parse(text)
    }

    /// Checks a JSON text.
    ///
    /// # Errors
    ///
    /// As [`TaskData::new`].
    pub fn parse(text: String) -> Result<Self, InvalidField> {
        if text.len() > Limits::BODY_BYTES {
            let rule = format!("it has {} bytes, the limit is {}", text.len(), Limits::BODY_BYTES);
            return Err(InvalidField::new("data", Rule::TooLong, rule));
        }
        let value: Value = serde_json::from_str(&text).map_err(|error| {
            InvalidField::new("data", Rule::Malformed, format!("it is no JSON: {error}"))
        })?;
        check(&value, 0)?;
        Ok(TaskData(text))
    }

    /// Data as it was stored, unchecked.
    pub fn from_stored(text: String) -> Self {
        TaskData(text)
    }

    /// The JSON text, byte for byte as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value; `null` where the stored text is damaged.
    pub fn to_value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

fn check(value: &Value, depth: usize) -> Result<(), InvalidField> {
    if depth > Limits::JSON_DEPTH {
        let rule = format!("it nests deeper than {} levels", Limits::JSON_DEPTH);
        return Err(InvalidField::new("data", Rule::TooLong, rule));
    }
    let nul = |text: &str| match text.contains('\0') {
        true => Err(InvalidField::new("data", Rule::NoNul, "it must not contain NUL")),
        false => Ok(()),
    };
    match value {
        Value::String(text) => nul(text),
        Value::Array(items) => items.iter().try_for_each(|item| check(item, depth + 1)),
        Value::Object(fields) => fields.iter().try_for_each(|(name, item)| {
            nul(name)?;
            check(item, depth + 1)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

impl Default for TaskData {
    fn default() -> Self {
        TaskData("{}".to_owned())
    }
}

impl std::fmt::Debug for TaskData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TaskData({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_kept_exactly_or_refused() {
        let big = serde_json::json!({ "id": u64::MAX, "name": "🦀 \"\\ مرحبا" });
        assert_eq!(TaskData::new(&big).unwrap().to_value(), big);
        for (given, rule) in [
            (r#"{"a":"b\u0000"}"#.to_owned(), Rule::NoNul),
            (r#"{"a\u0000":1}"#.to_owned(), Rule::NoNul),
            (r#"{"a":"\ud800"}"#.to_owned(), Rule::Malformed),
            (format!("{}{}", "[".repeat(40), "]".repeat(40)), Rule::TooLong),
            (format!("{}{}", "[".repeat(9_000), "]".repeat(9_000)), Rule::Malformed),
            (format!("\"{}\"", "a".repeat(Limits::BODY_BYTES - 1)), Rule::TooLong),
        ] {
            assert_eq!(TaskData::parse(given).unwrap_err().rule(), rule);
        }
        let full = format!("\"{}\"", "a".repeat(Limits::BODY_BYTES - 2));
        assert_eq!(TaskData::parse(full.clone()).unwrap().as_str(), full);
    }
}
