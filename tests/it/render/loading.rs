//! Templates are checked when they are loaded; what is wrong is told by template, file and line.

use std::fs;

use puntual::render::{Renderer, TemplateError, TemplateErrorKind, TemplateSource, Templates};
use puntual::task::Limits;
use serde_json::json;

use super::scene::Scene;

#[test]
fn what_is_wrong_with_a_template_is_told_by_part_and_line() {
    let long = "a".repeat(Limits::MESSAGE_BYTES + 1);
    let text = |text: &str| TemplateSource::text(text);
    let table = [
        (text("a\nb {{ kind"), TemplateErrorKind::Syntax, "template \"t\", text, line 2: "),
        (text("{% if kind %}"), TemplateErrorKind::Syntax, "template \"t\", text, line 1: "),
        (
            text("a").with_subject("{{ 1 + }}"),
            TemplateErrorKind::Syntax,
            "template \"t\", subject line, line 1: ",
        ),
        (
            text("a").with_html("<p>\n\n{% endfor %}"),
            TemplateErrorKind::Syntax,
            "template \"t\", html, line 3: ",
        ),
        (
            text("a\n{{ recipent.name }}"),
            TemplateErrorKind::UnknownName,
            "template \"t\", text, line 2: there is no variable \"recipent\"",
        ),
        (
            text("{{ debug() }}"),
            TemplateErrorKind::UnknownName,
            "template \"t\", text, line 1: there is no variable \"debug\"",
        ),
        (
            text("a").with_html("<p>\n<a {{ data.x }}>"),
            TemplateErrorKind::UnsafePlace,
            "template \"t\", html, line 2: data may stand in text and in quoted values only",
        ),
        (
            text(&long),
            TemplateErrorKind::TooLong,
            "template \"t\", text: it has 1048577 bytes, the limit is 1048576",
        ),
    ];
    for (source, kind, message) in table {
        let error = Templates::new().with("t", source).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().starts_with(message), "{error}");
    }
    let spanish = Templates::new().with("t", text("a")).unwrap();
    let error = spanish.localized("t", "es", text("{{ nada }}")).unwrap_err();
    assert!(error.to_string().starts_with("template \"t\", text in es, line 1: "), "{error}");
    assert_eq!(error.line(), Some(1));
}

#[test]
fn templates_cannot_reach_files_variables_of_the_process_or_each_other() {
    for reach in [
        "{% include '/etc/passwd' %}",
        "{% include 't' %}",
        "{% extends 't' %}",
        "{% import 't' as t %}",
        "{{ env.HOME }}",
        "{{ environ('HOME') }}",
        "{{ open('/etc/passwd') }}",
        "{{ self.__class__ }}",
        "{{ cycler.__init__.__globals__ }}",
    ] {
        let templates = Templates::new().with("t", TemplateSource::text("a")).unwrap();
        if let Ok(loaded) = templates.with("u", TemplateSource::text(reach)) {
            assert!(Scene::new().render(&loaded, "u").is_err(), "{reach}");
        }
    }
}

#[test]
fn names_are_words_and_used_once() {
    let text = || TemplateSource::text("a");
    for name in ["", "two words", "a/b", "ü", &"n".repeat(Limits::WORD_BYTES + 1)] {
        let error = Templates::new().with(name, text()).unwrap_err();
        assert_eq!(error.kind(), TemplateErrorKind::Name, "{error}");
    }
    let error = Templates::new().with("t", text()).and_then(|t| t.with("t", text())).unwrap_err();
    assert_eq!(error.to_string(), "template \"t\": there is a template of this name");
    let templates = Templates::new().with("t", text()).unwrap();
    assert!(templates.has_template("t") && !templates.has_template("T"));
    assert!(format!("{templates:?}").contains("\"t\""));
}

#[test]
fn errors_at_rendering_name_template_line_and_rule_and_no_data() {
    let scene = Scene::new().data(json!({"secret": "swordfish", "n": 1}));
    for (template, expected) in [
        (
            "a\nHello {{ data.nmae }}",
            "template \"t\" cannot be rendered: text, line 2: undefined value in \
             \"Hello {{ data.nmae }}\"",
        ),
        (
            "{{ data.secret|frobnicate }}",
            "template \"t\" cannot be rendered: text, line 1: filter frobnicate is unknown in \
             \"{{ data.secret|frobnicate }}\"",
        ),
        (
            "{{ data.secret|int }}",
            "template \"t\" cannot be rendered: text, line 1: invalid operation in \
             \"{{ data.secret|int }}\"",
        ),
        (
            "{{ data.secret + data.n }}",
            "template \"t\" cannot be rendered: text, line 1: invalid operation in \
             \"{{ data.secret + data.n }}\"",
        ),
        (
            "{{ data.secret|url }}",
            "template \"t\" cannot be rendered: text, line 1: a link must begin with https:// \
             or mailto: in \"{{ data.secret|url }}\"",
        ),
        ("{{ '' }}", "template \"t\" cannot be rendered: text is refused: it must not be empty"),
    ] {
        let error = scene.text(template).unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.contains("swordfish"));
    }
    let templates = Templates::new();
    let error = scene.render(&templates, "gone").unwrap_err();
    assert_eq!(
        error.to_string(),
        "template \"gone\" cannot be rendered: there is no such template"
    );
}

#[test]
fn a_directory_is_read_by_its_file_names() {
    let templates = folder(&[
        ("booking_reminder.txt", "\u{feff}Hello {{ recipient.name }}\n"),
        ("booking_reminder.subject.txt", "Your\r\n court\n"),
        ("booking_reminder.html", "<p>{{ recipient.name }}</p>\n"),
        ("booking_reminder.es.txt", "Hola {{ recipient.name }}, {{ time_to_event }}"),
        ("booking_reminder.es.subject.txt", "Tu pista"),
        ("follow-up.txt", "Bye"),
        (".hidden", "{{"),
        ("booking_reminder.txt~", "{{"),
    ])
    .unwrap();
    let english = Scene::new().render(&templates, "booking_reminder").unwrap();
    assert_eq!(english.text, "Hello Jane Doe");
    assert_eq!(english.subject.as_deref(), Some("Your court"));
    assert_eq!(english.html.as_deref(), Some("<p>Jane Doe</p>"));
    let spanish = Scene::new().speaking("es").render(&templates, "booking_reminder").unwrap();
    assert_eq!(spanish.text, "Hola Jane Doe, mañana a las 15:00");
    assert_eq!(spanish.subject.as_deref(), Some("Tu pista"));
    assert_eq!(spanish.html, None);
    assert!(templates.has_template("follow-up"));
    assert_eq!(Scene::new().render(&templates, "follow-up").unwrap().text, "Bye");
}

#[test]
fn files_are_refused_by_their_path() {
    let table: [(Files<'_>, TemplateErrorKind, &str); 9] = [
        (&[], TemplateErrorKind::File, "the directory holds no template"),
        (&[("a.htm", "x")], TemplateErrorKind::File, "a.htm: the name must be NAME.txt"),
        (&[("README.md", "x")], TemplateErrorKind::File, "README.md: the name must be"),
        (&[("a.b!.txt", "x")], TemplateErrorKind::File, "a.b!.txt: the name must be"),
        (&[("a.html", "x")], TemplateErrorKind::File, "a.html: there is no text beside it"),
        (
            &[("a.txt", "x"), ("a.es.html", "x")],
            TemplateErrorKind::File,
            "a.es.html: there is no text beside it",
        ),
        (
            &[("a.es.txt", "x")],
            TemplateErrorKind::Language,
            "a.es.txt: the text without a language must be there first",
        ),
        (&[("two words.txt", "x")], TemplateErrorKind::Name, "two words.txt: template"),
        (
            &[("a.txt", "x"), ("a.html", "<p>\n{{ nobody }}")],
            TemplateErrorKind::UnknownName,
            "a.html, line 2: there is no variable \"nobody\"",
        ),
    ];
    for (files, kind, message) in table {
        let error = folder(files).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
    let error = Templates::from_dir("no such directory").unwrap_err();
    assert_eq!(error.kind(), TemplateErrorKind::File);
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn what_is_no_utf_8_or_too_long_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.txt");
    fs::write(&file, b"\xff\xfe").unwrap();
    let error = Templates::from_dir(directory.path()).unwrap_err();
    assert_eq!(error.kind(), TemplateErrorKind::File, "{error}");
    fs::write(&file, "a".repeat(Limits::MESSAGE_BYTES + 1)).unwrap();
    let error = Templates::from_dir(directory.path()).unwrap_err();
    assert_eq!(error.kind(), TemplateErrorKind::TooLong, "{error}");
    fs::write(&file, "a".repeat(Limits::MESSAGE_BYTES)).unwrap();
    assert!(Templates::from_dir(directory.path()).is_ok());
}

#[test]
fn lines_that_hold_only_a_block_leave_no_empty_line() {
    let template = "Hello\n{% if data.list %}\n  {% for item in data.list %}\n- {{ item }}\n  \
                    {% endfor %}\n{% endif %}\nBye\n";
    let scene = Scene::new().data(json!({"list": ["a", "b"]}));
    assert_eq!(scene.text(template).unwrap(), "Hello\n- a\n- b\nBye");
}

/// Names and texts of files.
type Files<'a> = &'a [(&'a str, &'a str)];

fn folder(files: Files<'_>) -> Result<Templates, TemplateError> {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    fs::create_dir(directory.path().join("images")).unwrap();
    Templates::from_dir(directory.path())
}
