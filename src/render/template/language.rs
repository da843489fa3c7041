//! Tags of languages, as far as a choice of texts needs them.

use super::{TemplateError, TemplateErrorKind};

/// A BCP 47 tag in small letters, its parts joined by `-`; `None` where it is none.
pub(super) fn normal_tag(tag: &str) -> Option<String> {
    let tag = tag.to_ascii_lowercase().replace('_', "-");
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language =
        matches!(language.len(), 2..=3) && language.bytes().all(|b| b.is_ascii_alphabetic());
    let is_rest = parts
        .all(|part| matches!(part.len(), 1..=8) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    (is_language && is_rest && tag.len() <= 35).then_some(tag)
}

pub(super) fn bad_tag(tag: &str) -> TemplateError {
    let rule = "a language tag such as 'es' or 'es-MX' is expected (BCP 47)";
    TemplateError::new(TemplateErrorKind::Language, format!("language {tag:?}"), rule)
}
