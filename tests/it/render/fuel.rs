//! A template comes to an end: loops run out of fuel, bombs meet the cap of a message.

use puntual::render::{TemplateSource, Templates};
use puntual::task::Limits;
use serde_json::json;

use super::scene::Scene;

#[test]
fn loops_without_end_run_out_of_fuel() {
    for template in [
        "{% for a in range(10000) %}{% for b in range(10000) %}{% set x = b %}{% endfor %}\
         {% endfor %}",
        "{% for a in range(100) recursive %}{{ loop(range(100)) }}{% endfor %}",
        "{% set ns = namespace(s='a') %}{% for a in range(1000) %}{% set ns.s = ns.s ~ ns.s %}\
         {% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ range(9999999)|list|length }}",
        "{% for a in range(10000) %}{{ data.list|sort|join|upper|length }}{% endfor %}",
    ] {
        let scene = Scene::new().data(json!({"list": vec!["abc"; 1_000]}));
        let error = scene.text(template).expect_err(template);
        let is_ended = error.contains("runs more than 500000 instructions")
            || error.contains("invalid operation");
        assert!(is_ended, "{template}: {error}");
    }
}

#[test]
fn what_is_longer_than_a_message_is_an_error() {
    let scene = Scene::new().data(json!({"long": "<".repeat(60_000)}));
    let bomb = "{% for a in range(100) %}{{ data.long }}{% endfor %}";
    let too_long = "the message has more than 1048576 bytes";
    assert!(scene.text(bomb).unwrap_err().contains(too_long));
    assert!(scene.html(bomb).unwrap_err().contains(too_long));

    // The parts count together: 600,000 bytes of text leave no room for as many of HTML.
    let part = "{% for a in range(10) %}{{ data.long }}{% endfor %}";
    assert_eq!(scene.text(part).unwrap().len(), 600_000);
    let both = TemplateSource::text(part).with_html(part.replace("data.long", "data.long|upper"));
    let templates = Templates::new().with("t", both).unwrap();
    let error = scene.render(&templates, "t").unwrap_err().to_string();
    assert!(error.contains(too_long) && error.contains("html"), "{error}");

    let limit = "a".repeat(Limits::MESSAGE_BYTES);
    assert_eq!(scene.text(&limit).unwrap().len(), Limits::MESSAGE_BYTES);
    let over = TemplateSource::text(&limit).with_subject("a");
    let templates = Templates::new().with("t", over).unwrap();
    assert!(scene.render(&templates, "t").is_err());
}

#[test]
fn lists_that_hold_one_list_many_times_are_not_written_out() {
    let doubling: String =
        (1..60).map(|n| format!("{{% set a{n} = [a{0}, a{0}] %}}", n - 1)).collect();
    for print in ["{{ a59 }}", "{% set x %}{{ a59 }}{% endset %}{{ x }}"] {
        let template = format!("{{% set a0 = ['a'] %}}{doubling}{print}");
        let error = Scene::new().text(&template).unwrap_err();
        assert!(error.contains("the message has more than"), "{error}");
        assert!(Scene::new().html(&template).is_err());
    }
}

#[test]
fn nesting_and_chains_have_their_limit_when_templates_are_loaded() {
    let chains: [(&str, &str, &str, &str); 18] = [
        ("{{ ", "not ", "1", " }}"),
        ("{{ 1", "-", "1", " }}"),
        ("{{ 1", "+1", "", " }}"),
        ("{{ 1", "**1", "", " }}"),
        ("{{ 1", "~1", "", " }}"),
        ("{{ 1", "~''", "", " }}"),
        ("{{ 1", " or 1", "", " }}"),
        ("{{ 1", "|e", "", " }}"),
        ("{{ 1", " is odd", "", " }}"),
        ("{{ kind", ".a", "", " }}"),
        ("{{ kind", "[1]", "", " }}"),
        ("{{ kind", "()", "", " }}"),
        ("{{ ", "1 if 1 else ", "1", " }}"),
        ("{{ ", "(", "1", " }}"),
        ("{% filter e", "|e", "", " %}{% endfilter %}"),
        ("{% if 1 %}", "{% elif 1 %}", "", "{% endif %}"),
        ("", "{% if 1 %}", "", ""),
        ("", "{% for a in data %}", "", ""),
    ];
    for (open, link, middle, close) in chains {
        for count in [1_000, 10_000, 50_000] {
            let deep = format!("{open}{}{middle}{close}", link.repeat(count));
            let loaded = Templates::new().with("t", TemplateSource::text(&deep));
            assert!(loaded.is_err(), "{count} times {link:?}");
        }
        // As long as is allowed: the stack of a thread is enough, whatever comes of it.
        let longest = link.repeat(if close == " }}" { 970 / link.len() } else { 249 });
        let html = TemplateSource::text("a").with_html(format!("{open}{longest}{middle}{close}"));
        if let Ok(templates) = Templates::new().with("t", html) {
            let rendered = Scene::new().render(&templates, "t");
            assert!(rendered.is_err() || rendered.is_ok_and(|message| message.html.is_some()));
        }
    }
    let long_text = format!("{{{{ '{}'|upper }}}}", "a".repeat(10_000));
    assert_eq!(Scene::new().text(&long_text).unwrap(), "A".repeat(10_000));
}
