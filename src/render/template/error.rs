//! Why templates could not be loaded: which one, at which line, and what is wrong.

use std::error::Error;
use std::fmt;

/// Templates could not be loaded.
///
/// Its text names the template or its file, the line, and what is wrong:
/// `template "booking_reminder", text, line 2: unexpected end of input`.
#[derive(Debug)]
pub struct TemplateError {
    kind: TemplateErrorKind,
    place: String,
    line: Option<usize>,
    detail: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What is wrong with a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TemplateErrorKind {
    /// Its name is no word, or is taken.
    Name,
    /// A language is no BCP 47 tag, or has a text already, or the template does not exist without
    /// a language.
    Language,
    /// It does not follow the grammar of templates.
    Syntax,
    /// It uses a variable or function that no template has.
    UnknownName,
    /// It writes data to a place in HTML where no escaping makes data harmless: a tag's or an
    /// attribute's name, a value without quotes, a script.
    UnsafePlace,
    /// It is longer than [`Limits::MESSAGE_BYTES`](crate::task::Limits::MESSAGE_BYTES), or has an
    /// expression of more than 1,000 bytes or more than 250 `elif`.
    TooLong,
    /// A file or the directory cannot be read, or its name says no template.
    File,
}

impl TemplateError {
    pub(super) fn new(
        kind: TemplateErrorKind,
        place: impl Into<String>,
        detail: impl Into<String>,
    ) -> TemplateError {
        let (place, detail) = (place.into(), detail.into());
        TemplateError { kind, place, line: None, detail, source: None }
    }

    pub(super) fn at_line(mut self, line: Option<usize>) -> TemplateError {
        self.line = line;
        self
    }

    pub(super) fn with_source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// What is wrong, for programs.
    pub fn kind(&self) -> TemplateErrorKind {
        self.kind
    }

    /// The line of the template, from 1, where it is known.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.detail)
    }
}

impl Error for TemplateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
