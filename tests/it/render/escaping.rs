//! Data never becomes HTML, a template, a second line of a subject, or a link that runs code.

use puntual::render::{TemplateSource, Templates};
use puntual::task::{Limits, Subject};
use serde_json::json;

use super::scene::Scene;

/// What people have written into forms, to see it run in somebody's mail.
pub(crate) const PAYLOADS: [&str; 32] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href=\"https://evil.example\">Click</a>",
    "</p></td></table><h1>Your account is locked</h1>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "\" onfocus=\"alert(1)\" autofocus=\"",
    "<!--",
    "--><script>alert(1)</script>",
    "<![CDATA[<b>]]>",
    "<?xml version=\"1.0\"?>",
    "<style>*{display:none}</style>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<base href=\"https://evil.example/\">",
    "<meta http-equiv=\"refresh\" content=\"0;url=https://evil.example\">",
    "<form action=\"https://evil.example\"><input name=password></form>",
    "<math><mtext></p><img src onerror=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<SCRIPT SRC=//evil.example></SCRIPT>",
    "<a\u{a0}href=x>",
    "<\u{0b}script>",
    "\u{202e}<b>",
    "＜script＞<b>",
    "&lt;script&gt;<b>",
    "&#60;script&#62;<b>",
    "<b>{{ 7 * 7 }}</b>",
    "{% raw %}<b>{% endraw %}",
    "<b>\n\n<i>\r\n",
    "<a href=javascript:alert(1)>",
    "<textarea><title><plaintext>",
    "<<<<>>>>\"\"''&&",
];

#[test]
fn data_never_becomes_html() {
    let template = "<p>{{ recipient.name }}</p><p title=\"{{ subject.id }}\">{{ subject.id }}</p>\
        <b>{{ data.note }}</b><i title='{{ data.note }}'>{{ data.list|join(', ') }}</i>\
        <u>{{ data.map }}</u><s>{{ data.note ~ 1 }}{{ data.note|upper }}{{ data.list }}</s>\
        {% set again %}<q>{{ data.note }}</q>{% endset %}{{ again }}\
        {% autoescape false %}{{ data.note }}{% set x %}{{ data.note }}{% endset %}{{ x }}\
        {% endautoescape %}{{ data.note|e }}{{ data.note|replace('a', '<')|e }}\
        {{ (data.note|e)|replace('&', data.note) }}{{ '%s'|format(data.note) }}\
        {% for c in data.note %}{{ c }}{% endfor %}{{ data.note[0] }}{{ data.note|reverse }}";
    let harmless = markup(&scene_of("x").html(template).unwrap());
    assert!(harmless.starts_with("<p></p><p title=\"\"></p><b></b><i title=''>"), "{harmless}");
    for payload in PAYLOADS {
        let html = scene_of(payload).html(template).unwrap();
        let shape = markup(&html);
        assert_eq!(shape, harmless, "{payload:?} changed the markup of\n{html}");
    }
}

#[test]
fn text_is_written_as_it_is() {
    for payload in PAYLOADS {
        let scene = scene_of(payload);
        let text = scene.text("{{ recipient.name }}|{{ data.note }}|{{ data.map.x }}").unwrap();
        assert_eq!(text, format!("{payload}|{payload}|{payload}"));
        assert_eq!(scene.text("{{ data.note|safe }}").unwrap(), payload);
    }
}

#[test]
fn the_type_decides_and_not_the_name() {
    let source = TemplateSource::text("{{ data.note }}").with_html("{{ data.note }}");
    for name in ["reminder.html", "reminder.txt", "reminder.j2", "reminder.js", "reminder"] {
        let templates = Templates::new().with(name, source.clone()).unwrap();
        let message = scene_of("<b>\"&'").render(&templates, name).unwrap();
        assert_eq!(message.text, "<b>\"&'");
        assert_eq!(message.html.as_deref(), Some("&lt;b&gt;&quot;&amp;&#39;"), "{name}");
    }
}

#[test]
fn html_has_no_way_around_the_escaping() {
    for template in
        ["{{ data.note|safe }}", "{{ data.note|tojson }}", "{{ data.note|pprint|safe }}"]
    {
        let error = scene_of("<b>").html(template).unwrap_err();
        assert!(error.contains("is unknown"), "{template}: {error}");
    }
}

#[test]
fn data_is_never_compiled() {
    for payload in [
        "{{7*7}}",
        "{{ 7 * 7 }}",
        "${7*7}",
        "#{7*7}",
        "<%= 7*7 %>",
        "{% for x in range(9) %}x{% endfor %}",
        "{{ recipient.name }}",
        "{{ data|pprint }}",
        "{# comment #}",
        "{{ ''.__class__.__mro__ }}",
    ] {
        let scene = scene_of(payload);
        let templates = Templates::new()
            .with("t", TemplateSource::text("{{ data.note }}").with_subject("{{ data.note }}"))
            .unwrap();
        let message = scene.render(&templates, "t").unwrap();
        assert_eq!((message.text.as_str(), message.subject.as_deref()), (payload, Some(payload)));
        let html = scene.html("{{ recipient.name }}{{ subject.id }}").unwrap();
        assert!(!html.contains("49") && html.contains("7*7") == payload.contains("7*7"), "{html}");
    }
}

#[test]
fn links_are_addresses_that_run_no_code() {
    let good = [
        ("https://example.com/a?b=1&c=2#d", "https://example.com/a?b=1&amp;c=2#d"),
        ("HTTPS://Example.COM/Path", "https://example.com/Path"),
        ("  https://example.com  ", "https://example.com"),
        ("https://example.com/señal", "https://example.com/se%C3%B1al"),
        ("https://example.com/it's", "https://example.com/it&#39;s"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443/"),
        ("mailto:jane@example.com?subject=Hi", "mailto:jane@example.com?subject=Hi"),
    ];
    let forms = [
        "<a href=\"{{ data.note }}\">x</a>",
        "<a class='b' HREF = '{{- data.note -}}'>x</a>",
        "<img src=\"{% if kind %}{{ data.note }}{% endif %}\">",
        "<a href=\"{% if kind == 'x' %}https://a.example/{% else %}{{ data.note }}{% endif %}\">",
        "<a href=\"{% if kind == 'x' %}https://a.example/{% endif %}{{ data.note }}\">x</a>",
        "<!--[if mso]><a href=\"{{ data.note }}\"><![endif]-->",
        "<form action=\"{# the address: #}{{ data.note }}\">",
        "<a\nhref=\"\n{{ data.note|url }}\">x</a>",
        "<p>{{ data.note|url }}</p>",
    ];
    for (given, written) in good {
        for form in forms {
            let html = scene_of(given).html(form).unwrap();
            assert!(html.contains(written), "{form}: {html}");
        }
    }
    for bad in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "\u{1}javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "http://example.com/",
        "//example.com/",
        "/relative",
        "https:example.com",
        "https://",
        "https:///path",
        "https://user:password@example.com/",
        "https://example.com\\@evil.example/",
        "https://exаmple.com/",
        "https://example.com/\" onclick=\"alert(1)",
        "https://example.com/a b",
        "https://example.com/a\r\nb",
        "mailto:jane@example.com,eve@example.com",
        "mailto:",
        "",
    ] {
        for form in forms {
            let error = scene_of(bad).html(form).expect_err(form);
            assert!(error.contains("link"), "{form} took {bad:?}: {error}");
        }
    }
}

#[test]
fn the_rest_of_a_link_is_escaped_and_no_address() {
    for (form, expected) in [
        (
            "<a href=\"https://a.example/{{ data.note }}\">",
            "<a href=\"https://a.example/b&amp;c\">",
        ),
        (
            "<a href=\"https://a.example/?{% if kind %}q={{ data.note }}{% endif %}\">",
            "<a href=\"https://a.example/?q=b&amp;c\">",
        ),
        (
            "<p title=\"{{ data.note }}\" lang=\"{{ locale }}\">",
            "<p title=\"b&amp;c\" lang=\"en\">",
        ),
        ("{% raw %}<a href=\"{{ x }}\">{% endraw %}", "<a href=\"{{ x }}\">"),
        ("a < b {{ data.note }}", "a < b b&amp;c"),
        ("<p {% if kind %}class=\"x\"{% endif %}>{{ data.note }}", "<p class=\"x\">b&amp;c"),
        ("<br/>{{ '}}' }}{{ data.note }}", "<br/>}}b&amp;c"),
        ("<style>p > b {}</style>{{ data.note }}", "<style>p > b {}</style>b&amp;c"),
    ] {
        assert_eq!(scene_of("b&c").html(form).as_deref(), Ok(expected), "{form}");
    }
}

#[test]
fn places_where_no_escaping_helps_are_refused_at_loading() {
    for place in [
        "<a {{ data.note }}>",
        "<{{ data.note }}>",
        "<a{{ data.note }}>",
        "<a href={{ data.note }}>",
        "<a href= {{ data.note }}>",
        "<a href=https://a.example/{{ data.note }}>",
        "<a data-{{ data.note }}=\"x\">",
        "<a onclick=\"{{ data.note }}\">",
        "<a ONCLICK='f({{ data.note }})'>",
        "<iframe srcdoc=\"{{ data.note }}\">",
        "<p style=\"color: {{ data.note }}\">",
        "<script>var x = '{{ data.note }}';</script>",
        "<SCRIPT type=\"module\">{{ data.note }}</SCRIPT>",
        "<style>{{ data.note }}</style>",
        "<img/src={{ data.note }}>",
    ] {
        let error = scene_of("x").html(place).expect_err(place);
        assert!(error.contains("data may"), "{place}: {error}");
    }
}

#[test]
fn a_subject_line_is_one_line_within_its_limit() {
    let templates = Templates::new()
        .with("t", TemplateSource::text("a").with_subject("  {{ data.note }}\n"))
        .unwrap();
    let subject = |note: &str| scene_of(note).render(&templates, "t").unwrap().subject.unwrap();
    for (given, line) in [
        ("a\r\nBcc: eve@example.com", "a Bcc: eve@example.com"),
        ("a\n\n\tb\u{85}c\u{2028}d\u{2029}e\u{b}f", "a b c d e f"),
        ("a\u{202e}b\u{2066}c\u{1b}[31m", "a b c [31m"),
        ("  a   b  ", "a b"),
        ("<b>&", "<b>&"),
    ] {
        assert_eq!(subject(given), line);
    }
    let full = "ñ".repeat(Limits::SUBJECT_LINE);
    assert_eq!(subject(&full), full);
    let cut = subject(&"ñ".repeat(Limits::SUBJECT_LINE + 1));
    assert_eq!(cut.chars().count(), Limits::SUBJECT_LINE);
    assert!(cut.ends_with("ñ…"));
}

/// The payload in every field that people fill in.
fn scene_of(payload: &str) -> Scene {
    let mut scene = Scene::new().data(json!({
        "note": payload, "list": [payload, payload], "map": {"x": payload},
    }));
    scene.recipient = scene.recipient.named(payload);
    scene.task.subject = Subject::new("booking", payload);
    scene
}

/// All that a browser would take for markup: marks and quotes wherever they stand, and the names
/// in tags; nothing of texts and values.
fn markup(html: &str) -> String {
    let mut markup = String::new();
    let (mut is_tag, mut quote) = (false, None);
    for c in html.chars() {
        is_tag |= c == '<';
        if matches!(c, '<' | '>' | '"' | '\'') || (is_tag && quote.is_none()) {
            markup.push(c);
        }
        match quote {
            _ if !is_tag => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => is_tag = c != '>',
            Some(open) if open == c => quote = None,
            Some(_) => {}
        }
    }
    markup
}
