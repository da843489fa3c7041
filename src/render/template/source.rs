//! The text of a template, part by part.

/// The text of a template: an optional subject line, the text, and optionally the same as HTML.
///
/// ```
/// use puntual::render::{TemplateSource, Templates};
///
/// let source = TemplateSource::text("See you {{ time_to_event }}.")
///     .with_subject("Your court")
///     .with_html("<p>See you <b>{{ time_to_event }}</b>.</p>");
/// let templates = Templates::new().with("booking_reminder", source)?;
/// # Ok::<(), puntual::render::TemplateError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateSource {
    pub(super) subject: Option<String>,
    pub(super) text: String,
    pub(super) html: Option<String>,
}

/// One part of a message, and with it the type of its template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Subject,
    Text,
    Html,
}

impl TemplateSource {
    /// A text, and nothing else: all that a text message needs.
    pub fn text(text: impl Into<String>) -> TemplateSource {
        TemplateSource { subject: None, text: text.into(), html: None }
    }

    /// Adds a subject line. What it renders to becomes one line: line breaks, other controls and
    /// marks that turn the direction of text become blanks, blanks in a row become one, and what
    /// exceeds [`Limits::SUBJECT_LINE`](crate::task::Limits::SUBJECT_LINE) is cut.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> TemplateSource {
        self.subject = Some(subject.into());
        self
    }

    /// Adds the same as HTML. It is escaped by its type, whatever files are called.
    #[must_use]
    pub fn with_html(mut self, html: impl Into<String>) -> TemplateSource {
        self.html = Some(html.into());
        self
    }

    /// The parts that there are.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Part, &str)> {
        let subject = self.subject.as_deref().map(|text| (Part::Subject, text));
        let html = self.html.as_deref().map(|text| (Part::Html, text));
        subject.into_iter().chain([(Part::Text, self.text.as_str())]).chain(html)
    }
}

impl Part {
    /// For people, in errors.
    pub(super) fn name(self) -> &'static str {
        match self {
            Part::Subject => "subject line",
            Part::Text => "text",
            Part::Html => "html",
        }
    }
}
