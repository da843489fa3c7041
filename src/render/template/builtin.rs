//! The templates that come with the library: the first three messages about a booking.

use super::source::TemplateSource;

/// Name, language, and text of each of them, a text without a language there is not.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str, TemplateSource)> {
    BUILTIN.iter().map(|(name, language, [subject, text, html])| {
        (*name, *language, TemplateSource::text(*text).with_subject(*subject).with_html(*html))
    })
}

/// Subject line, text and HTML of one template in one language. What the data says comes first,
/// then the words of the language, then those of the template, then where they stand.
macro_rules! parts {
    ($name:literal, $language:literal) => {
        (
            $name,
            $language,
            [
                parts!(@ $name, $language, "{{ subject_line }}"),
                parts!(@ $name, $language, include_str!("builtin/layout.txt")),
                parts!(@ $name, $language, include_str!("builtin/layout.html")),
            ],
        )
    };
    (@ $name:literal, $language:literal, $layout:expr) => {
        concat!(
            include_str!("builtin/facts.jinja"),
            include_str!(concat!("builtin/words.", $language, ".jinja")),
            include_str!(concat!("builtin/", $name, ".", $language, ".jinja")),
            $layout,
        )
    };
}

const BUILTIN: [(&str, &str, [&str; 3]); 6] = [
    parts!("booking_confirmation", "en"),
    parts!("booking_confirmation", "es"),
    parts!("booking_reminder", "en"),
    parts!("booking_reminder", "es"),
    parts!("booking_cancelled", "en"),
    parts!("booking_cancelled", "es"),
];
