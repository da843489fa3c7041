//! IN WHICH WORDS: the port to whatever writes messages.

pub(crate) mod calendar;
mod locale;
#[cfg(feature = "templates")]
mod template;

pub use locale::Locale;
#[cfg(feature = "templates")]
pub use template::{TemplateError, TemplateErrorKind, TemplateSource, Templates};

use std::fmt::{self, Debug};

use chrono::{DateTime, Utc};

use crate::task::{Message, Recipient, SafeText, Task};
use crate::time::{EventTime, TzDatabase};

/// Writes the message of a task whose content is a template, just before it is sent.
///
/// "Tomorrow" and "in two hours" are computed from [`RenderRequest::now`], never stored.
pub trait Renderer: Debug + Send + Sync + 'static {
    /// Writes the message.
    ///
    /// # Errors
    ///
    /// There is no such template, or it cannot be rendered with this data. That is a failed
    /// attempt, which the retry policy tries again: once the template is mended, the message
    /// still reaches people.
    fn render(&self, request: &RenderRequest<'_>) -> Result<Message, RenderError>;

    /// Whether there is a template of this name: asked when a reminder is scheduled, so that a
    /// misspelt name is refused at once.
    fn has_template(&self, name: &str) -> bool {
        let _ = name;
        true
    }
}

/// What a renderer gets to know.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RenderRequest<'a> {
    /// The time at which the message goes out.
    pub now: DateTime<Utc>,
    /// The name of the template.
    pub template: &'a str,
    /// The task, with the host's data.
    pub task: &'a Task,
    /// Whom to tell.
    pub recipient: &'a Recipient,
    /// The event time as the host gave it.
    pub event: Option<&'a EventTime>,
    /// The rules of all zones.
    pub tzdb: &'a TzDatabase,
}

impl<'a> RenderRequest<'a> {
    /// What a renderer gets to know.
    pub fn new(
        now: DateTime<Utc>,
        template: &'a str,
        task: &'a Task,
        recipient: &'a Recipient,
        event: Option<&'a EventTime>,
        tzdb: &'a TzDatabase,
    ) -> RenderRequest<'a> {
        RenderRequest { now, template, task, recipient, event, tzdb }
    }
}

/// A message could not be written.
#[derive(Debug)]
pub struct RenderError {
    template: SafeText,
    detail: SafeText,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl RenderError {
    /// A failure in `template`, in words for people: lower case, no full stop.
    pub fn new(template: &str, detail: impl Into<SafeText>) -> RenderError {
        RenderError { template: template.into(), detail: detail.into(), source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> RenderError {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template \"{}\" cannot be rendered: {}", self.template, self.detail)
    }
}

impl std::error::Error for RenderError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
