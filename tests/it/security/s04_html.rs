//! S4, HTML injection: no element and no attribute of a delivered mail comes from data.

use html5gum::{Token, Tokenizer};
use mail_parser::MessageParser;
use puntual::render::{TemplateSource, Templates};
use serde_json::json;

use super::{bench, check_commands, send, to_jane};
use crate::render::escaping::PAYLOADS;
use crate::render::scene::Scene;

const TEMPLATE: &str = "<html><body><h1 title=\"{{ subject.id }}\">{{ recipient.name }}</h1>\
    <p class='{{ data.note }}' lang=\"{{ data.lang }}\">{{ data.note }}{{ data.list|join(', ') }}</p>\
    <a href=\"https://court.example/?q={{ data.note }}\">{{ kind }} {{ data.deep.note }}</a>\
    {% for entry in data.list %}<li>{{ entry }}</li>{% endfor %}<!-- a comment --></body></html>";

/// Elements with the names of their attributes, as a browser's tokenizer reads them.
fn markup(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for token in Tokenizer::new(html).flatten() {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match token {
            Token::StartTag(tag) => {
                let names: Vec<String> = tag.attributes.keys().map(|name| text(name)).collect();
                found.push(format!("<{} {}>", text(&tag.name), names.join(" ")));
            }
            Token::EndTag(tag) => found.push(format!("</{}>", text(&tag.name))),
            Token::Comment(_) => found.push("<!-- -->".to_owned()),
            Token::Doctype(_) => found.push("<!doctype>".to_owned()),
            Token::String(_) | Token::Error(_) => {}
        }
    }
    found
}

fn scene(value: &str) -> Scene {
    let mut scene = Scene::new().data(json!({
        "note": value,
        "lang": value,
        "list": [value, "b"],
        "deep": {"note": value},
    }));
    scene.recipient = scene.recipient.named(value);
    scene.task.subject = puntual::task::Subject::new("booking", value);
    scene
}

#[tokio::test]
async fn s04_no_element_or_attribute_of_a_mail_comes_from_data() {
    assert!(PAYLOADS.len() >= 30);
    let source = TemplateSource::text("{{ data.note }}").with_html(TEMPLATE);
    let templates = Templates::new().with("t", source).unwrap();
    let harmless = markup(&scene("x").render(&templates, "t").unwrap().html.unwrap());
    assert!(harmless.contains(&"<a href>".to_owned()), "the tokenizer sees tags: {harmless:?}");
    assert_ne!(markup("<p>a<b>"), markup("<p>a"), "and would see one more");
    let bench = bench().await;
    for payload in PAYLOADS {
        let message = scene(payload).render(&templates, "t").unwrap();
        send(&bench, &to_jane(message)).await.unwrap();
    }
    let mails = bench.server.mails();
    assert_eq!(mails.len(), PAYLOADS.len());
    for (mail, payload) in mails.iter().zip(PAYLOADS) {
        let content = mail.content();
        let parsed = MessageParser::default().parse(&content[..]).unwrap();
        let html = parsed.body_html(0).unwrap();
        assert_eq!(markup(&html), harmless, "{payload:?} in\n{html}");
    }
    check_commands(&bench, &mails);
}
