//! Templates in the files of one directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::compile::Written;
use super::language::normal_tag;
use super::source::Part;
use super::{TemplateError, TemplateErrorKind};
use crate::task::Limits;

/// The parts in a directory, by name and language; the empty language is that of the templates
/// without one, and comes first.
pub(super) fn read(
    directory: &Path,
) -> Result<BTreeMap<(String, String), Vec<Written>>, TemplateError> {
    let place = directory.display().to_string();
    let unreadable = |cause: std::io::Error| {
        let detail = format!("the directory of templates cannot be read: {cause}");
        TemplateError::new(TemplateErrorKind::File, &place, detail).with_source(cause)
    };
    let mut found: BTreeMap<(String, String), Vec<Written>> = BTreeMap::new();
    let entries: Result<Vec<_>, _> = fs::read_dir(directory).map_err(unreadable)?.collect();
    let mut paths: Vec<_> =
        entries.map_err(unreadable)?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() || file.starts_with('.') || file.ends_with('~') {
            continue;
        }
        let (name, language, part) = meaning(&file).ok_or_else(|| {
            let rule = "the name must be NAME.txt, NAME.subject.txt or NAME.html, with a \
                        language after NAME where it is of one: NAME.es.txt";
            TemplateError::new(TemplateErrorKind::File, path.display().to_string(), rule)
        })?;
        let place = path.display().to_string();
        let text = text_of(&path, &place)?;
        found.entry((name, language)).or_default().push(Written { part, text, place });
    }
    if found.is_empty() {
        let detail = "the directory holds no template";
        return Err(TemplateError::new(TemplateErrorKind::File, place, detail));
    }
    Ok(found)
}

/// `booking_reminder.es.subject.txt` is the subject line of `booking_reminder` in Spanish.
fn meaning(file: &str) -> Option<(String, String, Part)> {
    let (stem, part) = if let Some(stem) = file.strip_suffix(".subject.txt") {
        (stem, Part::Subject)
    } else if let Some(stem) = file.strip_suffix(".txt") {
        (stem, Part::Text)
    } else {
        (file.strip_suffix(".html")?, Part::Html)
    };
    let (name, language) = match stem.split_once('.') {
        Some((name, language)) => (name, normal_tag(language)?),
        None => (stem, String::new()),
    };
    Some((name.to_owned(), language, part))
}

/// A file's text, without the mark by which some editors begin UTF-8.
fn text_of(path: &Path, place: &str) -> Result<String, TemplateError> {
    let unreadable = |cause: std::io::Error| {
        let detail = format!("the file cannot be read: {cause}");
        TemplateError::new(TemplateErrorKind::File, place, detail).with_source(cause)
    };
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if bytes > Limits::MESSAGE_BYTES as u64 {
        let rule = format!("it has {bytes} bytes, the limit is {}", Limits::MESSAGE_BYTES);
        return Err(TemplateError::new(TemplateErrorKind::TooLong, place, rule));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
