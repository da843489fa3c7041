//! Templates: messages written from text and HTML with holes for data.

mod builtin;
mod compile;
mod context;
mod environment;
mod error;
mod filters;
mod folder;
mod known;
mod language;
mod links;
mod message;
mod pieces;
mod source;

pub use error::{TemplateError, TemplateErrorKind};
pub use source::TemplateSource;

use std::fmt;
use std::path::Path;

use compile::{Written, compile, described, key};
use known::Known;
use language::{bad_tag, normal_tag};
use minijinja::Environment;
use source::Part;

use super::{Locale, RenderError, RenderRequest, Renderer};
use crate::task::Message;

/// Messages written from templates, in the grammar of Jinja.
///
/// A template has a name and up to three parts: a subject line, a text, and the same as HTML.
/// **Text and HTML are two types**: a text is written as it is, in HTML every value is escaped,
/// and nothing in a file's name or in a template changes that. All parts are compiled when they
/// are loaded; data never is, so `{{ 7 * 7 }}` in somebody's name prints itself.
///
/// # What a template knows
///
/// | variable | for example |
/// |---|---|
/// | `time_to_event` | `today at 15:00`, `tomorrow at 15:00`, `in 3 days at 15:00`, `yesterday at 15:00`: by the calendar of the event's zone, as of sending |
/// | `event.local` | `Friday, 10 July 2026 at 15:00` |
/// | `event.weekday`, `event.date`, `event.time` | `Friday`, `10 July 2026`, `15:00` |
/// | `event.distance` | `in 2 hours`, `in 3 days`, `20 minutes ago`: on the time line |
/// | `event.zone`, `event.at` | `Europe/Berlin`, `2026-07-10T13:00:00Z` |
/// | `lateness` | `15 hours`; none where the message is less than a minute late |
/// | `recipient.name` | `Jane Doe`; none where it is not known |
/// | `subject.kind`, `subject.id`, `kind` | `booking`, `123`, `reminder_24h` |
/// | `data` | the host's own JSON; whole numbers are exact up to 64 bits |
/// | `locale` | `en`, `en-US`, `es`: the language of the words above |
///
/// `event` and `time_to_event` are none without an event. An event without a zone is told in the
/// recipient's, else in UTC.
///
/// Besides [the filters of the grammar](https://docs.rs/minijinja/3.1/minijinja/filters/) there
/// are `local`, `date`, `time` and `weekday` for dates, local times and instants (RFC 3339) in
/// `data`; `url` for links, which admits `https` and `mailto` and refuses the rest, with a test of
/// the same name that asks first (`{% if data.link is url %}`); and for plain text `wrap`, which breaks lines at 72 columns: `{{ data.note|wrap(2) }}` indents all lines but
/// the first one by two blanks. In HTML an expression at the beginning of `href`, `src` and the
/// like goes through `url` by itself.
///
/// # What is an error
///
/// A value that is undefined, or none, is never written as nothing: the message is not sent.
/// Ask with `{% if recipient.name %}`, use `{{ recipient.name or "there" }}`, and for a field
/// that may be missing `{{ data.note|default("") }}`. A template runs at most
/// [`Limits::TEMPLATE_FUEL`](crate::task::Limits::TEMPLATE_FUEL) instructions for each part, and all parts together are at most
/// [`Limits::MESSAGE_BYTES`](crate::task::Limits::MESSAGE_BYTES). Misspelt variables are found when a template is loaded; misspelt
/// filters and fields when a message is rendered.
///
/// Fuel and caps stop templates that went wrong, not ones that mean harm: a list that holds one
/// list many times, again and again, still keeps a processor busy for as long as its author
/// likes when it is compared or turned into text. So templates are the host's own, like its code;
/// **do not load what strangers wrote**. Data may come from anybody.
///
/// A line that holds only a block (`{% if .. %}`) leaves no empty line behind.
///
/// # Languages
///
/// A template may exist in several languages. For a recipient of `es-MX` the text is taken in
/// `es-MX`, else in `es`, else the one without a language (RFC 4647, section 3.4). Days and
/// distances are said in the language of the text that was taken, so that a message never mixes
/// two: what the texts without a language are written in is told by [`Templates::language`].
///
/// # Examples
///
/// ```
/// use puntual::notify::MemoryNotifier;
/// use puntual::render::{TemplateSource, Templates};
/// use puntual::store::MemoryStore;
/// use puntual::task::{Channel, EmailAddress, Recipient, Subject};
/// use puntual::{Reminder, Reminders, Scheduler};
/// use serde_json::json;
///
/// # tokio_test::block_on(async {
/// let booked = TemplateSource::text("Hello {{ recipient.name or 'there' }}, {{ data.note }}")
///     .with_subject("Court {{ data.court }}")
///     .with_html("<p>{{ data.note }} <a href=\"{{ data.link }}\">Details</a></p>");
/// let templates = Templates::new()
///     .with("booked", booked)?
///     .localized("booked", "es", TemplateSource::text("Hola, pista {{ data.court }}"))?;
///
/// let mailbox = MemoryNotifier::new(Channel::EMAIL);
/// let scheduler = Scheduler::builder(MemoryStore::new())
///     .notifier(mailbox.clone())
///     .renderer(templates)
///     .build()?;
/// let jane: EmailAddress = "jane@example.com".parse()?;
/// let data = json!({ "court": 7, "note": "bring <b>shoes</b>", "link": "https://example.com/7" });
/// let booking = Subject::new("booking", 7);
/// let to = Recipient::from(jane).named("Jane");
/// scheduler.schedule(Reminder::new("booked", &booking, to).data(&data).now()).await?;
/// scheduler.run_until_idle().await?;
///
/// let message = &mailbox.sent()[0].notification.message;
/// assert_eq!(message.subject.as_deref(), Some("Court 7"));
/// assert_eq!(message.text, "Hello Jane, bring <b>shoes</b>");
/// assert_eq!(
///     message.html.as_deref(),
///     Some(
///         "<p>bring &lt;b&gt;shoes&lt;/b&gt; <a href=\"https://example.com/7\">Details</a></p>"
///     ),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct Templates {
    text: Environment<'static>,
    html: Environment<'static>,
    known: Known,
    language: String,
}

impl Templates {
    /// No templates yet, not even those that [come with the library](Templates::builtin).
    pub fn new() -> Templates {
        Templates {
            text: environment::for_text(),
            html: environment::for_html(),
            known: Known::default(),
            language: Locale::default().tag().to_owned(),
        }
    }

    /// The templates that come with the library, as subject line, text and HTML in English and
    /// Spanish, for the first messages about a booking:
    ///
    /// | name | subject line, for example |
    /// |---|---|
    /// | `booking_confirmation` | `Booking confirmed: Court 3, Friday, 10 July 2026 at 15:00` |
    /// | `booking_reminder` | `Reminder: Court 3, tomorrow at 15:00` |
    /// | `booking_cancelled` | `Booking cancelled: Court 3, Friday, 10 July 2026 at 15:00` |
    ///
    /// They greet the recipient by name where it is known, and tell what of this is in `data` as a
    /// text or a number. All of it may be missing; what is blank or anything else is left out:
    ///
    /// | `data` | for example |
    /// |---|---|
    /// | `title` | `Court 3` |
    /// | `location` | `Court Club, Main Street 1` |
    /// | `note` | `Please bring shoes for clay.` |
    /// | `url` | `https://court.example/b/123`: where the booking is seen, changed or cancelled; left out unless it is an `https` or `mailto` link |
    /// | `organizer` | `Court Club`: who writes |
    ///
    /// A recipient whose language is neither English nor Spanish, or not known, gets the one of
    /// [`Templates::language`]; English, if nothing is said.
    ///
    /// # Your own words
    ///
    /// What you add stands in for a built-in template of the same name:
    ///
    /// - a text without a language replaces the whole template, in all languages;
    /// - a text in a language (`booking_reminder.es.txt`, or [`Templates::localized`]) replaces
    ///   that language, its subject line and its HTML included, and leaves the other one;
    /// - a file with a subject line or with HTML in a language and no text beside it
    ///   (`booking_reminder.es.subject.txt`, `booking_reminder.en.html`) replaces that part alone.
    ///
    /// So text and HTML of one message never come from two hands unless you say so. What was
    /// replaced once is yours; a second template of the same name is refused as usual.
    ///
    /// ```
    /// use puntual::render::{Renderer, TemplateSource, Templates};
    ///
    /// let spanish = TemplateSource::text("¡Hasta {{ time_to_event }}!").with_subject("Tu pista");
    /// let templates = Templates::builtin()
    ///     .localized("booking_reminder", "es", spanish)?
    ///     .with("class_reminder", TemplateSource::text("See you {{ time_to_event }}."))?;
    /// assert!(templates.has_template("booking_confirmation"));
    /// # Ok::<(), puntual::render::TemplateError>(())
    /// ```
    #[allow(clippy::expect_used, reason = "a test loads each of them, and they never change")]
    pub fn builtin() -> Templates {
        let mut templates = Templates::new();
        for (name, language, source) in builtin::all() {
            let parts = written(&source, language, name);
            templates.add(name, language, parts).expect("built-in templates are well-formed");
            templates.known.mark_builtin(name, language);
        }
        templates
    }

    /// The templates in the files of a directory:
    ///
    /// | file | part |
    /// |---|---|
    /// | `booking_reminder.txt` | the text |
    /// | `booking_reminder.subject.txt` | the subject line, where there is one |
    /// | `booking_reminder.html` | the same as HTML, where there is one |
    /// | `booking_reminder.es.txt`, `booking_reminder.es.subject.txt`, `booking_reminder.es.html` | the same in Spanish |
    ///
    /// Directories in it are not read, nor are files whose name begins with a dot or ends with
    /// `~`; any other file is refused. The files are read once, now.
    ///
    /// ```
    /// use puntual::render::{Renderer, Templates};
    ///
    /// let directory = tempfile::tempdir()?;
    /// std::fs::write(directory.path().join("booking_reminder.txt"), "See you {{ time_to_event }}.")?;
    /// assert!(Templates::from_dir(directory.path())?.has_template("booking_reminder"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The directory or a file cannot be read, a file's name says no template, there is no
    /// template at all, a template has no text, or as [`Templates::with`].
    pub fn from_dir(path: impl AsRef<Path>) -> Result<Templates, TemplateError> {
        Templates::new().with_dir(path)
    }

    /// Adds the templates in the files of a directory, as [`Templates::from_dir`] reads them.
    ///
    /// # Errors
    ///
    /// As [`Templates::from_dir`]. A subject line or HTML without a text beside it is no error
    /// where it stands in for that part of a [built-in](Templates::builtin) template.
    pub fn with_dir(mut self, path: impl AsRef<Path>) -> Result<Templates, TemplateError> {
        for ((name, language), parts) in folder::read(path.as_ref())? {
            let place = parts.first().map(|written| written.place.clone()).unwrap_or_default();
            if parts.iter().any(|written| written.part == Part::Text) {
                self.known.enter(&name, &language, &place)?;
            } else if !self.known.is_builtin(&name, &language) {
                let detail = "there is no text beside it, a file that ends in .txt";
                return Err(TemplateError::new(TemplateErrorKind::File, place, detail));
            }
            self.add(&name, &language, parts)?;
        }
        Ok(self)
    }

    /// Adds a template.
    ///
    /// # Errors
    ///
    /// The name is no word of [`Limits::WORD_BYTES`](crate::task::Limits::WORD_BYTES) or is taken; or a part does not compile, uses
    /// a variable that does not exist, writes data where HTML cannot make it harmless, or is
    /// longer than [`Limits::MESSAGE_BYTES`](crate::task::Limits::MESSAGE_BYTES).
    ///
    /// ```
    /// use puntual::render::{TemplateSource, Templates};
    ///
    /// let error = Templates::new()
    ///     .with("booking_reminder", TemplateSource::text("Hello\n{{ recipent.name }}"))
    ///     .unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "template \"booking_reminder\", text, line 2: there is no variable \"recipent\"",
    /// );
    /// ```
    pub fn with(self, name: &str, source: TemplateSource) -> Result<Templates, TemplateError> {
        self.with_language(name, "", source)
    }

    /// Adds a template's text in one more language, a BCP 47 tag such as `es` or `es-MX`.
    ///
    /// # Errors
    ///
    /// There is no template of this name yet, the language is no tag or is there already, or as
    /// [`Templates::with`].
    pub fn localized(
        self,
        name: &str,
        language: &str,
        source: TemplateSource,
    ) -> Result<Templates, TemplateError> {
        let tag = normal_tag(language).ok_or_else(|| bad_tag(language))?;
        self.with_language(name, &tag, source)
    }

    /// In which language the texts without a language are written: `en`, if nothing is said. It
    /// decides in which words their days and distances are told.
    ///
    /// # Errors
    ///
    /// It is no tag (BCP 47), or days and distances are not known in it.
    ///
    /// ```
    /// use puntual::render::Templates;
    ///
    /// assert!(Templates::new().language("es-MX").is_ok());
    /// assert!(Templates::new().language("tlh").is_err());
    /// ```
    pub fn language(mut self, language: &str) -> Result<Templates, TemplateError> {
        let tag = normal_tag(language).ok_or_else(|| bad_tag(language))?;
        if Locale::known(&tag).is_none() {
            let (kind, place) = (TemplateErrorKind::Language, format!("language \"{tag}\""));
            let detail = "days and distances are known in en, en-US and es only";
            return Err(TemplateError::new(kind, place, detail));
        }
        self.language = tag;
        Ok(self)
    }

    fn with_language(
        mut self,
        name: &str,
        language: &str,
        source: TemplateSource,
    ) -> Result<Templates, TemplateError> {
        let place = format!("template {name:?}");
        self.known.enter(name, language, &place)?;
        self.add(name, language, written(&source, language, &place))?;
        Ok(self)
    }

    fn add(
        &mut self,
        name: &str,
        language: &str,
        parts: Vec<Written>,
    ) -> Result<(), TemplateError> {
        let known = parts.iter().map(|written| written.part).collect();
        for written in parts {
            let environment = match written.part {
                Part::Html => &mut self.html,
                Part::Subject | Part::Text => &mut self.text,
            };
            compile(environment, key(name, language, written.part), written)?;
        }
        self.known.add(name, language, known);
        Ok(())
    }
}

/// The parts of a source, each with its place in errors.
fn written(source: &TemplateSource, language: &str, place: &str) -> Vec<Written> {
    let parts = source.parts().map(|(part, text)| {
        let place = format!("{place}, {}", described(part, language));
        Written { part, text: text.to_owned(), place }
    });
    parts.collect()
}

impl Default for Templates {
    fn default() -> Self {
        Templates::new()
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates")
            .field("names", &self.known.names().collect::<Vec<_>>())
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

impl Renderer for Templates {
    fn render(&self, request: &RenderRequest<'_>) -> Result<Message, RenderError> {
        self.message(request)
    }

    fn has_template(&self, name: &str) -> bool {
        self.known.has(name)
    }
}
