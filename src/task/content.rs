//! What is said: a template to render at send time, or fixed text; and the rendered message.

use serde::{Deserialize, Serialize};

use super::{InvalidField, Limits, Rule};

/// What is said.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// The name of a template, rendered at send time: a changed title is never stale.
    Template(String),
    /// Fixed text, kept as it is. Its words grow stale, so it gets the stricter expiry.
    Text(Message),
}

impl Content {
    /// Whether the words were fixed when the reminder was scheduled.
    pub fn is_fixed(&self) -> bool {
        matches!(self, Content::Text(_))
    }

    /// Checks names and lengths.
    ///
    /// # Errors
    ///
    /// A template's name is empty or no word; a message breaks a rule of [`Message::check`].
    pub fn check(&self) -> Result<(), InvalidField> {
        match self {
            Content::Template(name) => {
                Limits::key_text("template", name, Limits::WORD_BYTES)?;
                let ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
                if name.chars().all(ok) {
                    return Ok(());
                }
                let rule = "only ASCII letters, digits, '_', '-' and '.' are allowed";
                Err(InvalidField::new("template", Rule::Malformed, rule).with_value(name))
            }
            Content::Text(message) => message.check(),
        }
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Content::Template(name) => write!(f, "Template({name:?})"),
            Content::Text(_) => f.write_str("Text(***)"),
        }
    }
}

/// A message in its words: an optional subject line, text, and optionally the same as HTML.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// The subject line, for channels that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The text.
    pub text: String,
    /// The same as HTML, for channels that show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

impl Message {
    /// A message of plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Message { text: text.into(), ..Message::default() }
    }

    /// Adds a subject line.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Adds the same as HTML.
    #[must_use]
    pub fn with_html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }

    /// Checks that there is text, that no part has a NUL, that the subject line is one line, and
    /// the limits of [`Limits::SUBJECT_LINE`] and [`Limits::MESSAGE_BYTES`].
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with the part it was broken in.
    pub fn check(&self) -> Result<(), InvalidField> {
        Limits::key_text("text", &self.text, Limits::MESSAGE_BYTES)?;
        if let Some(html) = &self.html {
            Limits::key_text("html", html, Limits::MESSAGE_BYTES)?;
        }
        if let Some(subject) = &self.subject {
            Limits::shown_text("subject line", subject, Limits::SUBJECT_LINE)?;
            if subject.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
                let rule = "it must be one line without control characters";
                return Err(InvalidField::new("subject line", Rule::Malformed, rule));
            }
        }
        let parts = [self.subject.as_deref(), Some(&self.text), self.html.as_deref()];
        let bytes: usize = parts.into_iter().flatten().map(str::len).sum();
        if bytes > Limits::MESSAGE_BYTES {
            let rule = format!("it has {bytes} bytes, the limit is {}", Limits::MESSAGE_BYTES);
            return Err(InvalidField::new("message", Rule::TooLong, rule));
        }
        Ok(())
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Message::text(text)
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Message::text(text)
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("text_bytes", &self.text.len())
            .field("html_bytes", &self.html.as_ref().map(String::len))
            .finish_non_exhaustive()
    }
}
