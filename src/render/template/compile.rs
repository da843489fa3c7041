//! Compiles the parts of a template, and refuses what cannot work or cannot be made safe.

use minijinja::Environment;

use super::pieces::{Broken, check_depth, line_of_word};
use super::source::Part;
use super::{TemplateError, TemplateErrorKind, context, links};
use crate::task::Limits;

/// A part as it was written, and where, for errors.
pub(super) struct Written {
    pub(super) part: Part,
    pub(super) text: String,
    pub(super) place: String,
}

/// Compiles a part and checks what it uses.
pub(super) fn compile(
    environment: &mut Environment<'static>,
    key: String,
    written: Written,
) -> Result<(), TemplateError> {
    let Written { part, text, place } = written;
    if text.len() > Limits::MESSAGE_BYTES {
        let rule = format!("it has {} bytes, the limit is {}", text.len(), Limits::MESSAGE_BYTES);
        return Err(TemplateError::new(TemplateErrorKind::TooLong, place, rule));
    }
    let broken = |kind, broken: Broken| {
        TemplateError::new(kind, &place, broken.rule).at_line(Some(broken.line))
    };
    check_depth(&text).map_err(|deep| broken(TemplateErrorKind::TooLong, deep))?;
    environment.add_template_owned(key.clone(), text.clone()).map_err(|error| {
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        let refused = TemplateError::new(TemplateErrorKind::Syntax, &place, detail);
        refused.at_line(error.line()).with_source(error)
    })?;
    let used = environment.get_template(&key).map(|template| template.undeclared_variables(false));
    let unknown = used.unwrap_or_default().into_iter().filter(|name| {
        let is_global = environment.globals().any(|(global, _)| global == name);
        !is_global && !context::VARIABLES.contains(&name.as_str())
    });
    if let Some(name) = unknown.min() {
        let detail = format!("there is no variable \"{name}\"");
        let refused = TemplateError::new(TemplateErrorKind::UnknownName, &place, detail);
        return Err(refused.at_line(line_of_word(&text, &name)));
    }
    if part == Part::Html {
        let guarded = links::guard_links(&text);
        let guarded = guarded.map_err(|place| broken(TemplateErrorKind::UnsafePlace, place))?;
        environment.add_template_owned(key, guarded).map_err(|error| {
            let detail = "an expression that begins a link must stand alone in its braces";
            let refused = TemplateError::new(TemplateErrorKind::Syntax, &place, detail);
            refused.at_line(error.line()).with_source(error)
        })?;
    }
    Ok(())
}

/// Under which name an environment keeps a part; no name of a template has a `/`.
pub(super) fn key(name: &str, language: &str, part: Part) -> String {
    format!("{name}/{language}/{}", part.name())
}

/// `text`, or `text in es`.
pub(super) fn described(part: Part, language: &str) -> String {
    match language {
        "" => part.name().to_owned(),
        language => format!("{} in {language}", part.name()),
    }
}
