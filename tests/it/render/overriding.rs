//! The host's own words in place of those that came with the library.

use std::fs;

use puntual::render::{TemplateError, TemplateErrorKind, TemplateSource, Templates};
use puntual::task::Message;

use super::scene::Scene;

const NAME: &str = "booking_reminder";

fn ours(word: &str) -> TemplateSource {
    TemplateSource::text(format!("{word} {{{{ time_to_event }}}}"))
}

/// What somebody gets who speaks this language.
fn told(templates: &Templates, language: &str) -> Message {
    let scene = Scene::new();
    let scene = if language.is_empty() { scene } else { scene.speaking(language) };
    scene.render(templates, NAME).unwrap()
}

/// Which parts are the host's, told by their first letter in capitals, and which the library's.
fn whose(message: &Message) -> String {
    let is_ours = |text: &str, mark: char| if text.starts_with("Ours") { mark } else { '-' };
    let html = message.html.as_deref();
    [
        message.subject.as_deref().map_or('.', |subject| is_ours(subject, 'S')),
        is_ours(&message.text, 'T'),
        html.map_or('.', |html| if html.starts_with("<p>Ours") { 'H' } else { '-' }),
    ]
    .iter()
    .collect()
}

#[test]
fn without_a_language_of_its_own_a_recipient_gets_that_of_the_host() {
    let english = Templates::builtin();
    let spanish = Templates::builtin().language("es-MX").unwrap();
    for (templates, wanted, expected) in [
        (&english, "", "Reminder: your booking, tomorrow at 15:00"),
        (&english, "de", "Reminder: your booking, tomorrow at 15:00"),
        (&english, "en-US", "Reminder: your booking, tomorrow at 3:00 PM"),
        (&english, "es-MX", "Recordatorio: reserva, mañana a las 15:00"),
        (&spanish, "", "Recordatorio: reserva, mañana a las 15:00"),
        (&spanish, "de", "Recordatorio: reserva, mañana a las 15:00"),
        (&spanish, "en", "Reminder: your booking, tomorrow at 15:00"),
    ] {
        assert_eq!(told(templates, wanted).subject.as_deref(), Some(expected), "{wanted}");
    }
}

#[test]
fn a_text_without_a_language_replaces_all_of_them() {
    let templates = Templates::builtin().with(NAME, ours("Ours")).unwrap();
    for wanted in ["", "en", "es", "de"] {
        assert_eq!(told(&templates, wanted).text, "Ours tomorrow at 15:00", "{wanted}");
        assert_eq!(whose(&told(&templates, wanted)), ".T.", "no part of another hand");
    }
    let spanish = Templates::builtin().language("es").unwrap().with(NAME, ours("Ours")).unwrap();
    assert_eq!(told(&spanish, "").text, "Ours mañana a las 15:00");
    let scene = Scene::new().speaking("es");
    let other = scene.render(&templates, "booking_confirmation").unwrap();
    assert!(other.subject.unwrap().starts_with("Reserva"), "the others stay");
}

#[test]
fn a_text_in_a_language_replaces_that_language() {
    let templates = Templates::builtin().localized(NAME, "es", ours("Ours")).unwrap();
    assert_eq!(whose(&told(&templates, "es")), ".T.");
    assert_eq!(whose(&told(&templates, "en")), "---");
    let templates = templates.with(NAME, ours("Ours, for all,")).unwrap();
    assert_eq!(told(&templates, "es").text, "Ours mañana a las 15:00", "what is ours stays");
    assert_eq!(told(&templates, "en").text, "Ours, for all, tomorrow at 15:00");
    let regional = Templates::builtin().localized(NAME, "es-MX", ours("Ours")).unwrap();
    assert_eq!(
        (whose(&told(&regional, "es")), whose(&told(&regional, "es-MX"))),
        ("---".into(), ".T.".into())
    );
}

/// The result of adding a directory with these files to what is built in.
fn with_files(files: &[&str]) -> Result<Templates, TemplateError> {
    let directory = tempfile::tempdir().unwrap();
    for file in files {
        let text = if file.ends_with("html") { "<p>Ours</p>" } else { "Ours" };
        fs::write(directory.path().join(file), text).unwrap();
    }
    Templates::builtin().with_dir(directory.path())
}

#[test]
fn files_replace_a_part_a_language_or_the_whole() {
    let table: [(&[&str], &str, &str); 7] = [
        (&["booking_reminder.es.subject.txt"], "---", "S--"),
        (&["booking_reminder.en.html"], "--H", "---"),
        (&["booking_reminder.en.html", "booking_reminder.en.subject.txt"], "S-H", "---"),
        (&["booking_reminder.es.txt"], "---", ".T."),
        (&["booking_reminder.es.txt", "booking_reminder.es.html"], "---", ".TH"),
        (&["booking_reminder.txt"], ".T.", ".T."),
        (&["booking_reminder.txt", "booking_reminder.es.txt", "class.txt"], ".T.", ".T."),
    ];
    for (files, english, spanish) in table {
        let templates = with_files(files).unwrap();
        let told = ["en", "es"].map(|language| whose(&told(&templates, language)));
        assert_eq!(told, [english, spanish], "{files:?}");
    }
}

#[test]
fn a_part_alone_needs_the_built_in_rest_of_its_language() {
    for files in [
        &["booking_reminder.html"][..],
        &["booking_reminder.subject.txt"],
        &["booking_reminder.fr.html"],
        &["other.en.html"],
        &["booking_reminder.txt", "booking_reminder.es.html"],
    ] {
        let error = with_files(files).unwrap_err();
        assert_eq!(error.kind(), TemplateErrorKind::File, "{files:?}: {error}");
        assert!(error.to_string().contains("there is no text beside it"), "{error}");
    }
}

#[test]
fn what_was_replaced_once_is_the_hosts_and_not_replaced_again() {
    let once = || Templates::builtin().with(NAME, ours("Ours")).unwrap();
    assert_eq!(once().with(NAME, ours("Again")).unwrap_err().kind(), TemplateErrorKind::Name);
    let spanish = Templates::builtin().localized(NAME, "es", ours("Ours")).unwrap();
    let error = spanish.localized(NAME, "es", ours("Again")).unwrap_err();
    assert_eq!(error.kind(), TemplateErrorKind::Language);
    let parts = with_files(&["booking_reminder.es.html"]).unwrap();
    let error = parts.localized(NAME, "es", ours("Again")).unwrap_err();
    assert_eq!(error.kind(), TemplateErrorKind::Language);
}
