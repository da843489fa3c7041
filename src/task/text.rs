//! Text that other people wrote, made safe to log, store and show.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Limits;

/// Text without controls, NUL or direction overrides, cut at a character.
///
/// Names, reasons and replies of providers pass through here before they reach a log, the history
/// or a terminal: a line feed cannot forge a log line, an escape sequence cannot paint the
/// operator's screen, and a direction override cannot turn a sentence around. What is escaped stays
/// readable (`\n`, `\u{202e}`), and text that is already safe is unchanged, so making it safe twice
/// does nothing.
///
/// ```
/// use puntual::task::SafeText;
///
/// assert_eq!(SafeText::new("bad\0gateway\r\n").as_str(), r"bad\u{0}gateway\r\n");
/// assert_eq!(SafeText::limited("Bestätigung", 7).as_str(), "Bestät…");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SafeText(String);

impl SafeText {
    /// Makes `text` safe, at most [`Limits::ERROR_TEXT`] characters of it.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self::limited(text.as_ref(), Limits::ERROR_TEXT)
    }

    /// Makes `text` safe and cuts it to at most `max` characters, the mark `…` included.
    pub fn limited(text: &str, max: usize) -> Self {
        let mut safe = String::with_capacity(text.len().min(max.saturating_mul(4)));
        let mut written = 0;
        let mut before_last = 0;
        for c in text.chars() {
            let start = safe.len();
            let width = push_safe(&mut safe, c);
            if written + width > max {
                safe.truncate(if written < max { start } else { before_last });
                safe.push('…');
                return SafeText(safe);
            }
            written += width;
            before_last = start;
        }
        SafeText(safe)
    }

    /// The safe text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Appends `c`, escaped if it must be, and says how many characters that took.
fn push_safe(to: &mut String, c: char) -> usize {
    match c {
        '\n' => to.push_str("\\n"),
        '\r' => to.push_str("\\r"),
        '\t' => to.push_str("\\t"),
        c if c.is_control() || is_override(c) => {
            let escaped = c.escape_unicode();
            let width = escaped.len();
            to.extend(escaped);
            return width;
        }
        c => {
            to.push(c);
            return 1;
        }
    }
    2
}

/// Line and paragraph separators, and the marks by which text changes its own direction
/// (Unicode Standard Annex 9, section 2).
fn is_override(c: char) -> bool {
    matches!(
        c,
        '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for SafeText {
    fn from(text: &str) -> Self {
        SafeText::new(text)
    }
}

impl From<String> for SafeText {
    fn from(text: String) -> Self {
        SafeText::new(text)
    }
}

impl AsRef<str> for SafeText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for SafeText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(SafeText::new(String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_cut_at_a_character() {
        let limit = Limits::ERROR_TEXT;
        for (given, expected) in [
            ("plain".to_owned(), "plain".to_owned()),
            ("a\u{202e}b".to_owned(), "a\\u{202e}b".to_owned()),
            ("\u{1b}[31m".to_owned(), "\\u{1b}[31m".to_owned()),
            (format!("{}🦀", "a".repeat(limit - 1)), format!("{}🦀", "a".repeat(limit - 1))),
            (format!("{}🦀", "a".repeat(limit)), format!("{}…", "a".repeat(limit - 1))),
            ("🦀".repeat(limit + 1), format!("{}…", "🦀".repeat(limit - 1))),
        ] {
            assert_eq!(SafeText::limited("all of it", usize::MAX).as_str(), "all of it");
            let safe = SafeText::new(&given);
            assert_eq!(safe.as_str(), expected, "{given:?}");
            assert_eq!(SafeText::new(safe.as_str()), safe, "making it safe twice does nothing");
        }
    }
}
