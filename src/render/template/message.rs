//! From a template and a task to the words of a message.

use std::collections::BTreeMap;

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};

use super::compile::{described, key};
use super::environment::Capped;
use super::filters::Refusal;
use super::language::normal_tag;
use super::source::Part;
use super::{Templates, context};
use crate::render::{Locale, RenderError, RenderRequest};
use crate::task::{InvalidField, Limits, Message, SafeText};

impl Templates {
    /// Writes the message of a request.
    pub(super) fn message(&self, request: &RenderRequest<'_>) -> Result<Message, RenderError> {
        let name = request.template;
        let failed = |detail: String| RenderError::new(name, detail);
        let known = self.known.languages(name);
        let known = known.ok_or_else(|| failed("there is no such template".to_owned()))?;
        let (language, locale) = self.choose(known, request.recipient.language());
        let variables = context::variables(request, locale)
            .map_err(|error| failed(error.to_string()).with_source(error))?;
        let mut message = Message::default();
        let mut left = Limits::MESSAGE_BYTES;
        for part in known.get(language).map(|text| &text.parts).into_iter().flatten() {
            let environment = match part {
                Part::Html => &self.html,
                Part::Subject | Part::Text => &self.text,
            };
            let key = key(name, language, *part);
            let rendered = render(environment, &key, variables.clone(), left)
                .map_err(|detail| failed(format!("{}{detail}", described(*part, language))))?;
            left = left.saturating_sub(rendered.len());
            match part {
                Part::Subject => message.subject = Some(one_line(&rendered)),
                Part::Text => message.text = rendered,
                Part::Html => message.html = Some(rendered),
            }
        }
        message.check().map_err(|refused: InvalidField| failed(refused.to_string()))?;
        Ok(message)
    }

    /// The language whose text is taken, and the language of its days and distances.
    fn choose<'a, T>(
        &self,
        known: &'a BTreeMap<String, T>,
        wanted: Option<&str>,
    ) -> (&'a str, Locale) {
        let wanted = wanted.and_then(normal_tag).unwrap_or_default();
        if let Some(language) = nearest(known, &wanted) {
            return (language, Locale::of(&wanted));
        }
        if known.contains_key("") {
            let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_owned();
            let is_same = primary(&wanted) == primary(&self.language);
            return ("", Locale::of(if is_same { &wanted } else { &self.language }));
        }
        // A template that came with the library has no text without a language.
        let language = nearest(known, &self.language).map(|language| (language, &*self.language));
        let first = known.keys().next().map_or("", String::as_str);
        let (language, words) = language.unwrap_or((first, first));
        (language, Locale::of(words))
    }
}

/// The language that is there of a tag, its parts taken off from behind (RFC 4647, section 3.4).
fn nearest<'a, T>(known: &'a BTreeMap<String, T>, mut tag: &str) -> Option<&'a str> {
    while !tag.is_empty() {
        if let Some((language, _)) = known.get_key_value(tag) {
            return Some(language);
        }
        tag = tag.rsplit_once('-').map_or("", |(shorter, _)| shorter);
    }
    None
}

/// Runs one part; an error continues the sentence that begins with the part's name.
fn render(
    environment: &Environment<'_>,
    key: &str,
    variables: Value,
    left: usize,
) -> Result<String, String> {
    let explain = |error: Error| explained(environment, key, &error);
    let template = environment.get_template(key).map_err(explain)?;
    let mut out = Capped { bytes: Vec::new(), left };
    template.render_captured_to(variables, &mut out).map_err(explain)?;
    String::from_utf8(out.bytes).map_err(|_| " is no UTF-8".to_owned())
}

/// `, line 2: undefined value in "Hello {{ data.nmae }}"`.
///
/// What is quoted is the template, which is the host's own. The engine's details may repeat
/// values of a person, and this text goes into the history; so they are left out, and the engine's
/// error is not kept as the cause either.
fn explained(environment: &Environment<'_>, key: &str, error: &Error) -> String {
    let what = match error.kind() {
        ErrorKind::OutOfFuel => {
            format!("it runs more than {} instructions", Limits::TEMPLATE_FUEL)
        }
        ErrorKind::WriteFailure => {
            format!("the message has more than {} bytes", Limits::MESSAGE_BYTES)
        }
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction => {
            error.detail().unwrap_or("an unknown name").to_owned()
        }
        kind => {
            let ours = std::error::Error::source(error).and_then(|s| s.downcast_ref::<Refusal>());
            ours.map_or_else(|| kind.to_string(), |refusal| refusal.0.to_owned())
        }
    };
    let line = error.line().unwrap_or_default();
    let template = environment.get_template(key);
    let source = template.as_ref().ok().and_then(|t| t.source().lines().nth(line.checked_sub(1)?));
    match source {
        Some(source) => {
            format!(", line {line}: {what} in \"{}\"", SafeText::limited(source.trim(), 120))
        }
        None => format!(": {what}"),
    }
}

/// A subject line: breaks, controls and marks of direction become blanks, blanks in a row one.
fn one_line(text: &str) -> String {
    let is_blank = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let words: Vec<&str> = text.split(is_blank).filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().count() <= Limits::SUBJECT_LINE {
        return line;
    }
    let mut cut: String = line.chars().take(Limits::SUBJECT_LINE - 1).collect();
    cut.push('…');
    cut
}
