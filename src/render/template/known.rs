//! Which templates there are, in which languages, of which parts, and whose they are.

use std::collections::BTreeMap;

use super::source::Part;
use super::{TemplateError, TemplateErrorKind};
use crate::task::Content;

/// All templates by name and by language; the empty language is that of texts without one.
#[derive(Default)]
pub(super) struct Known(BTreeMap<String, BTreeMap<String, Text>>);

/// A template in one language.
#[derive(Default)]
pub(super) struct Text {
    /// In the order in which they are rendered.
    pub(super) parts: Vec<Part>,
    /// Whether it came with the library, so that the host's own takes its place.
    is_builtin: bool,
}

impl Known {
    /// Makes room for a template's text in a language. What was built in leaves: its language
    /// for a text in that language, all languages for a text without one.
    pub(super) fn enter(
        &mut self,
        name: &str,
        language: &str,
        place: &str,
    ) -> Result<(), TemplateError> {
        let refused = |kind, detail: &str| Err(TemplateError::new(kind, place, detail));
        if let Err(error) = Content::Template(name.to_owned()).check() {
            return refused(TemplateErrorKind::Name, &error.to_string());
        }
        if language.is_empty() {
            let languages = self.0.entry(name.to_owned()).or_default();
            languages.retain(|_, text| !text.is_builtin);
            return match languages.contains_key("") {
                false => Ok(()),
                true => refused(TemplateErrorKind::Name, "there is a template of this name"),
            };
        }
        let Some(languages) = self.0.get_mut(name) else {
            let rule = "the text without a language must be there first";
            return refused(TemplateErrorKind::Language, rule);
        };
        match languages.get(language) {
            Some(text) if !text.is_builtin => {
                refused(TemplateErrorKind::Language, "it has a text in this language already")
            }
            _ => {
                languages.remove(language);
                Ok(())
            }
        }
    }

    /// Adds parts to a template; they are the host's own.
    pub(super) fn add(&mut self, name: &str, language: &str, parts: Vec<Part>) {
        let languages = self.0.entry(name.to_owned()).or_default();
        let text = languages.entry(language.to_owned()).or_default();
        text.parts.extend(parts);
        text.parts.sort_unstable();
        text.parts.dedup();
        text.is_builtin = false;
    }

    pub(super) fn mark_builtin(&mut self, name: &str, language: &str) {
        if let Some(text) = self.0.get_mut(name).and_then(|texts| texts.get_mut(language)) {
            text.is_builtin = true;
        }
    }

    /// Whether the template in this language came with the library and is still as it was.
    pub(super) fn is_builtin(&self, name: &str, language: &str) -> bool {
        self.languages(name).and_then(|texts| texts.get(language)).is_some_and(|t| t.is_builtin)
    }

    pub(super) fn languages(&self, name: &str) -> Option<&BTreeMap<String, Text>> {
        self.0.get(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
