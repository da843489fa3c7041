//! S5, template injection: data is never compiled, and a template reads nothing but its data.

use puntual::render::{TemplateSource, Templates};
use puntual::task::Limits;
use serde_json::json;

use super::{bench, send, to_jane};
use crate::render::scene::Scene;

/// What would print something else if it were compiled, by whatever engine.
const PAYLOADS: [&str; 16] = [
    "{{7*7}}",
    "{{ 7 * 7 }}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{% for x in range(9) %}x{% endfor %}",
    "{% set x = 49 %}{{ x }}",
    "{# gone #}",
    "{{ data }}",
    "{{ self }}",
    "{{ recipient.name }}",
    "{% include '/etc/passwd' %}",
    "{% extends 'base' %}",
    "{{ ''.__class__.__mro__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{% raw %}{{ 7*7 }}{% endraw %}",
];

#[tokio::test]
async fn s05_data_prints_itself_in_every_field() {
    let source = TemplateSource::text("{{ data.note }}|{{ recipient.name }}|{{ subject.id }}")
        .with_subject("{{ data.note }}")
        .with_html("<p>{{ data.note }}</p>");
    let templates = Templates::new().with("t", source).unwrap();
    let bench = bench().await;
    for payload in PAYLOADS {
        let mut scene = Scene::new().data(json!({"note": payload, payload: payload}));
        scene.recipient = scene.recipient.named(payload);
        scene.task.subject = puntual::task::Subject::new("booking", payload);
        let message = scene.render(&templates, "t").unwrap();
        send(&bench, &to_jane(message)).await.unwrap();
        let mail = bench.server.mails().pop().unwrap();
        let content = mail.content();
        let parsed = mail_parser::MessageParser::default().parse(&content[..]).unwrap();
        assert_eq!(parsed.subject(), Some(payload));
        let text = parsed.body_text(0).unwrap();
        assert_eq!(text.trim_end(), format!("{payload}|{payload}|{payload}"));
        let html = parsed.body_html(0).unwrap();
        let read = html.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'");
        let read = read.replace("&#x2f;", "/").replace("&amp;", "&");
        assert_eq!(read.trim_end(), format!("<p>{payload}</p>"));
    }
}

/// No file, no environment, no other template, no function of the host.
#[test]
fn s05_a_template_reaches_nothing_but_its_data() {
    for template in [
        "{% include '/etc/passwd' %}",
        "{% include 'other' %}",
        "{% extends '/etc/passwd' %}",
        "{% import 'other' as x %}{{ x }}",
        "{% from 'other' import x %}{{ x }}",
        "{{ env('HOME') }}",
        "{{ env.HOME }}",
        "{{ environ.PATH }}",
        "{{ open('/etc/passwd').read() }}",
        "{{ load('/etc/passwd') }}",
        "{{ debug() }}",
        "{{ now() }}",
        "{{ random() }}",
        "{{ data.__class__.x }}",
    ] {
        let loaded = Templates::new().with("t", TemplateSource::text(template));
        let Ok(templates) = loaded else { continue };
        let rendered = Scene::new().data(json!({"a": 1})).render(&templates, "t");
        assert!(rendered.is_err(), "{template} gave {rendered:?}");
    }
}

/// A loop runs out of fuel, and a bomb meets the cap of a message; both are errors, no mail.
#[test]
fn s05_a_template_runs_and_writes_within_limits() {
    let scene = Scene::new().data(json!({"long": "x".repeat(60_000)}));
    for (template, why) in [
        (
            "{% for a in range(10000) %}{% for b in range(10000) %}{% set x = b %}{% endfor %}\
             {% endfor %}"
                .to_owned(),
            format!("more than {} instructions", Limits::TEMPLATE_FUEL),
        ),
        (
            "{% for a in range(100) %}{{ data.long }}{% endfor %}".to_owned(),
            format!("more than {} bytes", Limits::MESSAGE_BYTES),
        ),
    ] {
        let error = scene.text(&template).unwrap_err();
        assert!(error.contains(&why), "{error}");
    }
}
