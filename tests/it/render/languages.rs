//! Which text a recipient gets, and that its words are those of its language.

use puntual::render::{TemplateErrorKind, TemplateSource, Templates};

use super::scene::Scene;

const WORDS: &str = "{{ time_to_event }} ({{ locale }})";

#[test]
fn a_recipient_gets_the_nearest_language_that_there_is() {
    let text = |language: &str| TemplateSource::text(format!("{language}: {WORDS}"));
    let templates = Templates::new()
        .with("t", text("default"))
        .and_then(|t| t.localized("t", "es", text("es")))
        .and_then(|t| t.localized("t", "es_AR", text("es-AR")))
        .unwrap();
    for (wanted, expected) in [
        (None, "default: tomorrow at 15:00 (en)"),
        (Some("es"), "es: mañana a las 15:00 (es)"),
        (Some("es-MX"), "es: mañana a las 15:00 (es)"),
        (Some("es-ar"), "es-AR: mañana a las 15:00 (es)"),
        (Some("ES_Latn_AR"), "es: mañana a las 15:00 (es)"),
        (Some("es-AR-x-lunfardo"), "es-AR: mañana a las 15:00 (es)"),
        (Some("en-US"), "default: tomorrow at 3:00 PM (en-US)"),
        (Some("de"), "default: tomorrow at 15:00 (en)"),
        (Some("no tag"), "default: tomorrow at 15:00 (en)"),
    ] {
        let scene = Scene::new();
        let scene = match wanted {
            Some(tag) => scene.speaking(tag),
            None => scene,
        };
        assert_eq!(scene.render(&templates, "t").unwrap().text, expected, "{wanted:?}");
    }
}

#[test]
fn words_never_mix_two_languages_in_one_text() {
    let english = Templates::new().with("t", TemplateSource::text(WORDS)).unwrap();
    let spanish = Templates::new().language("es").unwrap();
    let spanish = spanish.with("t", TemplateSource::text(WORDS)).unwrap();
    for (templates, wanted, expected) in [
        (&english, "es-MX", "tomorrow at 15:00 (en)"),
        (&spanish, "es-MX", "mañana a las 15:00 (es)"),
        (&spanish, "en-US", "mañana a las 15:00 (es)"),
        (&spanish, "de", "mañana a las 15:00 (es)"),
    ] {
        let message = Scene::new().speaking(wanted).render(templates, "t").unwrap();
        assert_eq!(message.text, expected, "{wanted}");
    }
}

#[test]
fn every_part_is_taken_in_the_same_language() {
    let whole = |word: &str| {
        TemplateSource::text(word)
            .with_subject(format!("{word} subject"))
            .with_html(format!("<p>{word}</p>"))
    };
    let templates = Templates::new()
        .with("t", whole("hello"))
        .and_then(|t| t.localized("t", "es", TemplateSource::text("hola")))
        .unwrap();
    let english = Scene::new().render(&templates, "t").unwrap();
    assert_eq!(english.subject.as_deref(), Some("hello subject"));
    assert_eq!(english.html.as_deref(), Some("<p>hello</p>"));
    let spanish = Scene::new().speaking("es").render(&templates, "t").unwrap();
    assert_eq!((spanish.text.as_str(), &spanish.subject, &spanish.html), ("hola", &None, &None));
}

#[test]
fn languages_are_refused_that_are_no_tags_or_there_already() {
    let text = || TemplateSource::text("hello");
    let with = || Templates::new().with("t", text()).unwrap();
    let table = [
        (with().localized("t", "spanish!", text()), "language \"spanish!\""),
        (with().localized("t", "", text()), "language \"\""),
        (with().localized("other", "es", text()), "must be there first"),
        (
            with().localized("t", "es", text()).and_then(|t| t.localized("t", "ES", text())),
            "it has a text in this language already",
        ),
        (Templates::new().language("de"), "known in en, en-US and es only"),
        (Templates::new().language("d"), "language \"d\""),
    ];
    for (refused, what) in table {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), TemplateErrorKind::Language);
        assert!(error.to_string().contains(what), "{error}");
    }
}
