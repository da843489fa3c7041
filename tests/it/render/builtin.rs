//! The templates that come with the library: they take whatever data there is, and what they
//! write can be read by everybody.

use std::collections::BTreeMap;

use puntual::render::{Renderer, Templates};
use puntual::task::{EmailAddress, Message, Recipient};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Value, json};

use super::scene::Scene;

const NAMES: [&str; 3] = ["booking_confirmation", "booking_reminder", "booking_cancelled"];
const LANGUAGES: [&str; 2] = ["en", "es"];

fn whole() -> Value {
    json!({
        "title": "Court 3",
        "location": "Court Club\nMain Street 1, 12345 Berlin",
        "note": "Please bring shoes for clay; the entrance is on the left, behind the bicycles.",
        "url": "https://court.example/b/123?key=a1b2&lang=en",
        "organizer": "Court Club",
    })
}

/// Every template in every language, with everything and with as little as there can be.
fn messages() -> Vec<(String, Message)> {
    let templates = Templates::builtin();
    let unnamed = || Recipient::from("jane@example.com".parse::<EmailAddress>().unwrap());
    let mut messages = Vec::new();
    let long = "Wiederherstellungsgeschwindigkeit ".repeat(7);
    let hostile = json!({
        "title": "<b>Court</b>\r\nBcc: x@evil.example {{ 7 * 7 }}",
        "location": "\"><script>alert(1)</script>", "note": "a\n\n.\n\nWhen: never ☃ 🎾",
        "organizer": long,
    });
    let numbers = json!({ "title": 3, "location": 1.5, "note": true, "organizer": [1] });
    let empty = json!({ "title": null, "location": "", "note": null, "url": null });
    let data = [whole(), hostile, numbers, empty, json!({}), json!(null), json!(7), json!("x")];
    for (name, language) in NAMES.iter().flat_map(|n| LANGUAGES.iter().map(move |l| (n, l))) {
        for data in &data {
            for is_bare in [false, true] {
                let mut scene = Scene::new().data(data.clone());
                if is_bare {
                    (scene.event, scene.recipient) = (None, unnamed());
                }
                let scene = scene.speaking(language);
                let place = format!("{name} in {language} with {data}");
                let message = scene.render(&templates, name);
                messages.push((place.clone(), message.unwrap_or_else(|e| panic!("{place}: {e}"))));
            }
        }
    }
    messages
}

#[test]
fn no_data_is_needed_and_none_breaks_them() {
    for (place, message) in messages() {
        let html = message.html.unwrap();
        for text in [message.subject.as_deref().unwrap(), &message.text, &html] {
            assert!(!text.contains("none") || text == html, "{place}: {text}");
            assert!(!text.contains("  \n") && !text.contains("\n\n\n"), "{place}: {text}");
            assert!(!text.contains("49"), "{place}: {text}");
        }
        assert!(!html.contains("<script") && !html.contains("<b>"), "{place}: {html}");
    }
}

#[test]
fn a_reminder_reads_like_this() {
    let templates = Templates::builtin();
    assert!(NAMES.iter().all(|name| templates.has_template(name)));
    let english = Scene::new().data(whole()).render(&templates, "booking_reminder").unwrap();
    assert_eq!(english.subject.as_deref(), Some("Reminder: Court 3, tomorrow at 15:00"));
    assert_eq!(
        english.text,
        "Hello Jane Doe,\n\nThis is a reminder of your booking tomorrow at 15:00.\n\n\
         What: Court 3\nWhen: Friday, 10 July 2026 at 15:00 (Europe/Berlin)\n\
         Where: Court Club\n  Main Street 1, 12345 Berlin\n\
         Note: Please bring shoes for clay; the entrance is on the left, behind\n  the bicycles.\n\n\
         See or change the booking:\nhttps://court.example/b/123?key=a1b2&lang=en\n\n\
         Court Club\n\nThis message was sent automatically."
    );
    let spanish = Scene::new().data(json!({ "title": "Pista 3" })).speaking("es-AR");
    let spanish = spanish.render(&templates, "booking_reminder").unwrap();
    assert_eq!(spanish.subject.as_deref(), Some("Recordatorio: Pista 3, mañana a las 15:00"));
    assert_eq!(
        spanish.text,
        "Hola, Jane Doe:\n\nEste es un recordatorio de la reserva: mañana a las 15:00.\n\n\
         Qué: Pista 3\nCuándo: viernes, 10 de julio de 2026 a las 15:00 (Europe/Berlin)\n\n\
         Este mensaje se ha enviado automáticamente."
    );
}

/// A link that is none is left out, and the message goes out without it.
#[test]
fn what_is_no_link_is_left_out() {
    let templates = Templates::builtin();
    let none = [
        json!(7),
        json!(""),
        json!("  "),
        json!("http://court.example/b/123"),
        json!("javascript:alert(1)"),
        json!("https://desk:secret@court.example"),
        json!("court.example"),
        json!(["https://court.example"]),
        json!({ "href": "https://court.example" }),
        json!(true),
        json!(null),
    ];
    let links = [
        (json!("https://court.example/b/123"), "https://court.example/b/123"),
        (json!(" https://court.example/b/123 "), "https://court.example/b/123"),
        (json!("mailto:desk@court.example"), "mailto:desk@court.example"),
    ];
    let cases = none.iter().map(|url| (url, None));
    let cases = cases.chain(links.iter().map(|(url, link)| (url, Some(*link))));
    for (url, link) in cases {
        for (name, language) in NAMES.iter().flat_map(|n| LANGUAGES.iter().map(move |l| (n, l))) {
            let place = format!("{name} in {language} with {url}");
            let scene = Scene::new().data(json!({ "title": "Court 3", "url": url }));
            let message = scene.speaking(language).render(&templates, name);
            let message = message.unwrap_or_else(|e| panic!("{place}: {e}"));
            let html = message.html.unwrap();
            let document = parse(&html);
            let anchors = document.descendants().filter(|node| node.has_tag_name("a"));
            let hrefs: Vec<&str> = anchors.filter_map(|node| node.attribute("href")).collect();
            assert_eq!(hrefs, link.map_or(vec![], |link| vec![link; 2]), "{place}");
            let lines = message.text.lines().filter(|line| Some(*line) == link).count();
            assert_eq!(lines, usize::from(link.is_some()), "{place}: {}", message.text);
            assert!(link.is_some() || !message.text.contains("court.example"), "{place}");
        }
    }
}

/// A fact is a text or a number; one that is blank, or anything else, has no line.
#[test]
fn a_fact_is_a_trimmed_text_or_a_number_and_nothing_else() {
    let templates = Templates::builtin();
    for (value, told) in [
        (json!("  Court 3\n "), Some("Court 3")),
        (json!(0), Some("0")),
        (json!(-1.5), Some("-1.5")),
        (json!(u64::MAX), Some("18446744073709551615")),
        (json!(""), None),
        (json!(" \t\r\n\u{a0} "), None),
        (json!(["Court 3"]), None),
        (json!({ "court": 3 }), None),
        (json!(false), None),
        (json!(null), None),
    ] {
        let data = ["title", "location", "note", "organizer"].map(|field| (field, value.clone()));
        let data: Value = data.into_iter().collect();
        for (name, language) in NAMES.iter().flat_map(|n| LANGUAGES.iter().map(move |l| (n, l))) {
            let place = format!("{name} in {language} with {value}");
            let mut scene = Scene::new().data(data.clone()).speaking(language);
            let jane: EmailAddress = "jane@example.com".parse().unwrap();
            (scene.event, scene.recipient) = (None, Recipient::from(jane).locale(*language));
            let message = scene.render(&templates, name);
            let message = message.unwrap_or_else(|e| panic!("{place}: {e}"));
            let html = message.html.unwrap();
            let document = parse(&html);
            let facts = document.descendants().filter(|node| node.has_tag_name("dd"));
            let facts: Vec<&str> = facts.filter_map(|node| node.text()).collect();
            assert_eq!(facts, told.map_or(vec![], |told| vec![told; 3]), "{place}");
            let words = match *language {
                "es" => ["Qué: ", "Dónde: ", "Nota: "],
                _ => ["What: ", "Where: ", "Note: "],
            };
            let found =
                words.map(|word| message.text.lines().find_map(|line| line.strip_prefix(word)));
            assert_eq!(found, [told; 3], "{place}: {}", message.text);
            let organizer = message.text.lines().any(|line| Some(line) == told);
            assert_eq!(organizer, told.is_some(), "{place}: {}", message.text);
            let subject = message.subject.unwrap();
            assert!(told.is_none_or(|told| subject.contains(told)), "{place}: {subject}");
            assert!(!subject.contains(['[', '{']) && !subject.ends_with([':', ' ']), "{subject}");
        }
    }
}

/// A reminder that goes out late says so: its words are those of the moment.
#[test]
fn relative_words_are_those_of_sending() {
    let templates = Templates::builtin();
    for (now, words) in [
        ("2026-07-07T13:00:00Z", "in 3 days at 15:00"),
        ("2026-07-09T13:00:00Z", "tomorrow at 15:00"),
        ("2026-07-10T06:00:00Z", "today at 15:00"),
    ] {
        let message = Scene::new().at(now).render(&templates, "booking_reminder").unwrap();
        assert_eq!(message.subject.unwrap(), format!("Reminder: your booking, {words}"));
        assert!(message.text.contains(words) && message.html.unwrap().contains(words), "{words}");
    }
}

#[test]
fn texts_have_room_in_72_columns_and_no_markup() {
    for (place, message) in messages() {
        for line in message.text.lines().filter(|line| !line.starts_with("https://")) {
            assert!(line.chars().count() <= 72, "{place}: {line}");
        }
        assert!(!message.text.contains("&amp;"), "{place}: {}", message.text);
    }
}

/// Well-formed as XML too, so that no reader has to guess; its own words, and nothing fetched.
#[test]
fn html_is_well_formed_has_one_heading_and_fetches_nothing() {
    for (place, message) in messages() {
        let html = message.html.unwrap();
        let document = parse(&html);
        let count = |name: &str| document.descendants().filter(|n| n.has_tag_name(name)).count();
        let root = document.root_element();
        let language = if place.contains("in es") { "es" } else { "en" };
        assert_eq!(root.attribute("lang"), Some(language), "{place}");
        // Mail clients show what is inside of the body, and drop html and body themselves.
        let body = document.descendants().find(|node| node.has_tag_name("body")).unwrap();
        for shown in body.children().filter(Node::is_element) {
            assert_eq!(shown.attribute("lang"), Some(language), "{place}");
        }
        assert_eq!((count("h1"), count("title")), (1, 1), "{place}");
        for fetches in ["img", "link", "script", "iframe", "table", "object", "video", "form"] {
            assert_eq!(count(fetches), 0, "{fetches} in {place}");
        }
        for words in ["url(", "@import", "src=", "http:", "background="] {
            assert!(!html.contains(words), "{words} in {place}");
        }
        for link in document.descendants().filter(|node| node.has_tag_name("a")) {
            let href = link.attribute("href").unwrap();
            assert!(href.starts_with("https://"), "{place}: {href}");
            let shown = document.descendants().filter(|n| n.is_text());
            assert!(shown.into_iter().any(|n| n.text() == Some(href)), "{place} hides {href}");
        }
        let ids = ["color-scheme", "viewport"]
            .map(|name| document.descendants().any(|node| node.attribute("name") == Some(name)));
        assert_eq!(ids, [true, true], "{place}");
        assert!(preheader(&document).is_some_and(|text| !text.is_empty()), "{place}");
    }
}

/// Contrast of at least 4.5 (WCAG 2.2, success criterion 1.4.3), in light and in dark.
#[test]
fn every_word_stands_out_from_its_ground_in_light_and_in_dark() {
    let scene = Scene::new().data(whole());
    let message = scene.render(&Templates::builtin(), "booking_reminder").unwrap();
    let html = message.html.unwrap();
    let document = parse(&html);
    let dark = dark_rules(&html);
    assert_eq!(dark.len(), 5, "{dark:?}");
    for rules in [BTreeMap::new(), dark] {
        let body = document.descendants().find(|node| node.has_tag_name("body")).unwrap();
        let checked = check_contrast(body, &rules, [None, None]);
        assert!(checked > 10, "{checked} texts were looked at");
    }
}

fn parse(html: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(html, options).unwrap_or_else(|e| panic!("{e}: {html}"))
}

/// What mail clients show beside the subject line: the first text of the body.
fn preheader<'a>(document: &'a Document<'_>) -> Option<&'a str> {
    let body = document.descendants().find(|node| node.has_tag_name("body"))?;
    let first = body.descendants().find(|node| node.has_tag_name("div"))?;
    first.attribute("style")?.starts_with("display: none").then_some(first.text()?.trim())
}

/// The declarations that count when somebody prefers dark, by class.
fn dark_rules(html: &str) -> BTreeMap<String, String> {
    let (_, rules) = html.split_once("(prefers-color-scheme: dark) {\n").unwrap();
    let (rules, _) = rules.split_once("\n}").unwrap();
    let rules = rules.lines().map(|rule| {
        let (class, declarations) = rule.trim().split_once(" {").unwrap();
        (class.trim_start_matches('.').to_owned(), declarations.trim_end_matches('}').to_owned())
    });
    rules.collect()
}

/// Looks at every text under `node`, which inherits a colour and a ground.
fn check_contrast(
    node: Node<'_, '_>,
    dark: &BTreeMap<String, String>,
    inherited: [Option<f64>; 2],
) -> usize {
    let style = node.attribute("style").unwrap_or_default();
    if style.contains("display: none") {
        return 0;
    }
    let overruled = node.attribute("class").and_then(|class| dark.get(class));
    let styles = [style, overruled.map_or("", String::as_str)];
    let [mut colour, mut ground] = inherited;
    for style in styles {
        colour = luminance(style, "color").or(colour);
        ground = luminance(style, "background-color").or(ground);
    }
    let text = node.children().filter(|child| child.is_text());
    let text: String = text.filter_map(|child| child.text()).collect();
    let mut checked = 0;
    if !text.trim().is_empty() {
        let (colour, ground) = (colour.unwrap(), ground.unwrap());
        let contrast = (colour.max(ground) + 0.05) / (colour.min(ground) + 0.05);
        assert!(contrast >= 4.5, "{contrast:.2} for {text:?}, dark: {}", !dark.is_empty());
        checked += 1;
    }
    let children = node.children().filter(Node::is_element);
    checked + children.map(|child| check_contrast(child, dark, [colour, ground])).sum::<usize>()
}

/// Relative luminance (WCAG 2.2) of what `style` sets a property to.
fn luminance(style: &str, property: &str) -> Option<f64> {
    let mut declarations = style.split(';').filter_map(|one| one.split_once(':'));
    let (_, value) = declarations.find(|(name, _)| name.trim() == property)?;
    let hex = value.trim().strip_prefix('#').unwrap_or_else(|| panic!("{value} is no colour"));
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    Some(0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4))
}
