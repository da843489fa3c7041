//! What templates can do with values of the host: dates and times in words, and links.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDateTime};
use minijinja::value::{Object, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use super::super::Locale;
use crate::task::EmailAddress;
use crate::time::{IntoLocal, TzDatabase, Zone};

/// The variable under which filters find the calendar; templates may not name it.
pub(super) const CALENDAR: &str = "__calendar";

/// Language and zone in which local times are said.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    pub(super) locale: Locale,
    pub(super) zone: Zone,
    pub(super) tzdb: TzDatabase,
}

impl Object for Calendar {}

/// The reason of a refusal in words of ours: they repeat no value, so they may be shown.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(pub(super) &'static str);

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::new(ErrorKind::InvalidOperation, refusal.0).with_source(refusal)
    }
}

/// Adds the filters to an environment.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("url", url);
    environment.add_test("url", |value: &Value| url(value).is_ok());
    environment.add_filter("wrap", |text: &str, indent: Option<usize>| {
        wrap(text, indent.unwrap_or_default().min(COLUMNS / 2))
    });
    environment.add_filter("local", |state: &State<'_, '_>, value: &Value| {
        say(state, value, |locale, local| locale.date_time(local))
    });
    environment.add_filter("date", |state: &State<'_, '_>, value: &Value| {
        say(state, value, |locale, local| locale.date(local.date()))
    });
    environment.add_filter("time", |state: &State<'_, '_>, value: &Value| {
        if value.as_str().is_some_and(|text| text.len() <= DATE_LENGTH) {
            return Err(Refusal("a date has no time of day").into());
        }
        say(state, value, |locale, local| locale.time(local.time()))
    });
    environment.add_filter("weekday", |state: &State<'_, '_>, value: &Value| {
        say(state, value, |locale, local| locale.weekday(local.weekday()).to_owned())
    });
}

/// What a line of plain text has room for (RFC 5322, section 2.1.1, asks for 78 at most; replies
/// put marks before it).
const COLUMNS: usize = 72;

/// Lines of at most [`COLUMNS`] characters, all but the first one indented; a word that is longer
/// has a line of its own.
fn wrap(text: &str, indent: usize) -> String {
    let mut wrapped = String::with_capacity(text.len());
    for line in text.trim().lines() {
        let mut column = 0;
        for word in line.split_whitespace() {
            let length = word.chars().count();
            if column > 0 && column + 1 + length <= COLUMNS {
                wrapped.push(' ');
                column += 1;
            } else if !wrapped.is_empty() {
                wrapped.truncate(wrapped.trim_end_matches(' ').len());
                wrapped.push('\n');
                wrapped.extend(std::iter::repeat_n(' ', indent));
                column = indent;
            }
            wrapped.push_str(word);
            column += length;
        }
        if column == 0 {
            wrapped.push('\n');
        }
    }
    wrapped
}

/// The length of `2026-07-10`.
const DATE_LENGTH: usize = 10;

fn say(
    state: &State<'_, '_>,
    value: &Value,
    words: impl FnOnce(Locale, NaiveDateTime) -> String,
) -> Result<String, Error> {
    let missing = Refusal("the calendar of the message was overwritten");
    let calendar = state.lookup(CALENDAR).ok_or(missing)?;
    let calendar: Arc<Calendar> =
        calendar.downcast_object().ok_or(Refusal("the calendar of the message was overwritten"))?;
    let rule = "a date, a local time or an instant is expected (RFC 3339)";
    let text = value.as_str().ok_or(Refusal(rule))?;
    let local = local_of(text, &calendar).ok_or(Refusal(rule))?;
    Ok(words(calendar.locale, local))
}

/// `2026-07-10`, `2026-07-10T15:00` or, shown in the zone of the calendar, an instant with its
/// offset (RFC 3339).
fn local_of(text: &str, calendar: &Calendar) -> Option<NaiveDateTime> {
    if text.len() == DATE_LENGTH {
        return format!("{text}T00:00").into_local().ok();
    }
    if let Ok(local) = text.into_local() {
        return Some(local);
    }
    let at = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    calendar.zone.local_at(at, &calendar.tzdb).ok()
}

/// A link that may be shown to people: `https` with a host and without user or password, or
/// `mailto` with one address. What is not ASCII in its path is percent-encoded (RFC 3986,
/// section 2.5). It is a text like any other, and escaped where it is written.
fn url(value: &Value) -> Result<String, Error> {
    let text = value.as_str().ok_or(Refusal("a link must be a text"))?.trim();
    let scheme = text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("https") => https(&text["https:".len()..]),
        Some("mailto") => mailto(&text["mailto:".len()..]),
        _ => Err(Refusal("a link must begin with https:// or mailto:").into()),
    }
}

fn https(rest: &str) -> Result<String, Error> {
    let rest = rest.strip_prefix("//").ok_or(Refusal("a link must begin with https://"))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if authority.is_empty() || !authority.chars().all(is_host) {
        return Err(Refusal("a link needs a host in ASCII, without user or password").into());
    }
    Ok(format!("https://{}{}", authority.to_ascii_lowercase(), visible(&rest[authority.len()..])?))
}

fn mailto(rest: &str) -> Result<String, Error> {
    let (address, query) = rest.split_once('?').map_or((rest, None), |(a, q)| (a, Some(q)));
    let address: EmailAddress =
        address.parse().map_err(|_| Refusal("a mailto link needs one e-mail address"))?;
    let query = query.map(visible).transpose()?.map(|query| format!("?{query}"));
    Ok(format!("mailto:{}{}", visible(address.as_str())?, query.unwrap_or_default()))
}

/// Visible characters as they are, others that are not ASCII percent-encoded.
fn visible(text: &str) -> Result<String, Error> {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' => {
                return Err(Refusal("a link may not have quotes, brackets or backslashes").into());
            }
            c if c.is_ascii_graphic() => encoded.push(c),
            c if c.is_ascii() || c.is_control() => {
                return Err(Refusal("a link may not have blanks or control characters").into());
            }
            c => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    encoded.push_str(&format!("%{byte:02X}"));
                }
            }
        }
    }
    Ok(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_indented() {
        let long = "word ".repeat(20);
        let whole = "x".repeat(80);
        for (given, indent, expected) in [
            ("", 2, String::new()),
            ("  a\tb \r\n", 2, "a b".to_owned()),
            ("a\n\nb", 2, "a\n\n  b".to_owned()),
            (&long, 0, format!("{}word\n{}word", "word ".repeat(13), "word ".repeat(5))),
            (&long, 4, format!("{}word\n    {}word", "word ".repeat(13), "word ".repeat(5))),
            (&whole, 2, whole.clone()),
            (&format!("a {whole} b"), 2, format!("a\n  {whole}\n  b")),
        ] {
            assert_eq!(wrap(given, indent), expected, "{given:?}");
            assert_eq!(wrap(&wrap(given, 0), 0), wrap(given, 0), "{given:?}");
        }
    }
}
