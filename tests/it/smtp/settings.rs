//! Settings: what each source may say, and how a wrong one is named.

use std::collections::BTreeMap;

use puntual::notify::{Notifier as _, SmtpBuilder, SmtpNotifier, SmtpTls};
use puntual::task::{Channel, InvalidField};

fn by_vars(vars: &[(&str, &str)]) -> Result<SmtpNotifier, InvalidField> {
    let mut all =
        BTreeMap::from([("SMTP_HOST", "smtp.court.example"), ("SMTP_FROM", "desk@court.example")]);
    all.extend(vars.iter().copied());
    SmtpBuilder::from_vars(|name| all.get(name).map(|value| (*value).to_owned()))?.build()
}

fn place(notifier: &SmtpNotifier) -> String {
    format!("{notifier:?}")
}

#[test]
fn the_environment_is_read() {
    for (vars, port, tls) in [
        (&[][..], 587, "StartTls"),
        (&[("SMTP_PORT", "465")], 465, "Implicit"),
        (&[("SMTP_PORT", "2525")], 2_525, "StartTls"),
        (&[("SMTP_TLS", "implicit")], 465, "Implicit"),
        (&[("SMTP_TLS", "STARTTLS"), ("SMTP_PORT", "465")], 465, "StartTls"),
        (&[("SMTP_TLS", "none")], 25, "None"),
        (&[("SMTP_TLS", ""), ("SMTP_USER", ""), ("SMTP_PASSWORD", "")], 587, "StartTls"),
        (&[("SMTP_USER", "desk"), ("SMTP_PASSWORD", "x")], 587, "StartTls"),
        (
            &[
                ("SMTP_HOST", "localhost"),
                ("SMTP_TLS", "none"),
                ("SMTP_USER", "desk"),
                ("SMTP_PASSWORD", "x"),
            ],
            25,
            "None",
        ),
    ] {
        let shown = place(&by_vars(vars).unwrap());
        assert!(shown.contains(&format!("port: {port}, tls: {tls}")), "{vars:?}: {shown}");
    }
}

#[test]
fn a_wrong_variable_is_named_with_its_rule() {
    for (vars, said) in [
        (&[("SMTP_HOST", "")][..], "SMTP_HOST is refused: it must be set"),
        (&[("SMTP_FROM", "")], "SMTP_FROM is refused: it must be set"),
        (&[("SMTP_HOST", "smtp.x.example:25")], "SMTP_HOST \"smtp.x.example:25\" is refused"),
        (&[("SMTP_HOST", "two words")], "SMTP_HOST \"two words\" is refused"),
        (&[("SMTP_FROM", "desk")], "SMTP_FROM is refused: it must be one mailbox"),
        (
            &[("SMTP_PORT", "70000")],
            "SMTP_PORT \"70000\" is refused: it must be a port, 1 to 65535",
        ),
        (&[("SMTP_PORT", "0")], "SMTP_PORT \"0\" is refused"),
        (
            &[("SMTP_TLS", "yes")],
            "SMTP_TLS \"yes\" is refused: it must be implicit, starttls or none",
        ),
        (
            &[("SMTP_USER", "desk")],
            "SMTP_PASSWORD is refused: it must be given together with the user",
        ),
        (
            &[("SMTP_PASSWORD", "x")],
            "SMTP_USER is refused: it must be given together with the password",
        ),
        (
            &[("SMTP_USER", "a\0b"), ("SMTP_PASSWORD", "x")],
            "SMTP_USER is refused: it must not contain NUL",
        ),
        (
            &[("SMTP_TLS", "none"), ("SMTP_USER", "desk"), ("SMTP_PASSWORD", "x")],
            "SMTP_TLS is refused: without TLS, credentials are sent to this machine only",
        ),
    ] {
        let error = by_vars(vars).unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}");
    }
}

#[test]
fn urls_are_read_or_refused() {
    for (url, said) in [
        ("smtps://smtp.court.example", "port: 465, tls: Implicit, credentials: None"),
        ("smtp://smtp.court.example", "port: 587, tls: StartTls, credentials: None"),
        ("SMTP://smtp.court.example:2525/", "port: 2525, tls: StartTls"),
        (
            "smtps://de%40sk:p%3Aw@smtp.court.example:99",
            "port: 99, tls: Implicit, credentials: Some",
        ),
        (
            "smtp://desk:p@w@[::1]:25?tls=none",
            "host: \"::1\", port: 25, tls: None, credentials: Some",
        ),
        ("smtp://smtp.court.example?tls=implicit", "port: 465, tls: Implicit"),
        ("smtp://münchen.example", "host: \"xn--mnchen-3ya.example\""),
    ] {
        let notifier = SmtpNotifier::from_url(url, "desk@court.example").unwrap();
        assert!(place(&notifier).contains(said), "{url}: {}", place(&notifier));
    }
    for (url, field) in [
        ("smtp.court.example", "SMTP URL"),
        ("https://smtp.court.example", "SMTP URL"),
        ("smtp://smtp.court.example/path", "SMTP URL"),
        ("smtps://smtp.court.example?tls=none", "SMTP URL"),
        ("smtp://smtp.court.example?timeout=5", "SMTP URL"),
        ("smtp://smtp.court.example?tls=maybe", "tls of the SMTP URL"),
        ("smtp://", "host of the SMTP URL"),
        ("smtp://smtp.court.example:x", "port of the SMTP URL"),
        ("smtp://desk@smtp.court.example", "password of the SMTP URL"),
        ("smtp://desk:%9@smtp.court.example", "password of the SMTP URL"),
        ("smtp://de%ffsk:x@smtp.court.example", "user of the SMTP URL"),
        ("smtp://desk:x@smtp.court.example?tls=none", "tls of the SMTP URL"),
    ] {
        let error = SmtpNotifier::from_url(url, "desk@court.example").expect_err(url);
        assert_eq!(error.field(), field, "{url}: {error}");
    }
}

#[test]
fn a_wrong_setting_of_the_builder_is_named() {
    let builder = || SmtpNotifier::builder("smtp.court.example", "desk@court.example");
    for (builder, field) in [
        (SmtpNotifier::builder("", "desk@court.example"), "host"),
        (SmtpNotifier::builder("smtp.court.example", "a@x.example, b@x.example"), "from"),
        (builder().port(0), "port"),
        (builder().credentials("", "x"), "user"),
        (builder().credentials("desk", ""), "password"),
        (builder().credentials("desk", "x").tls(SmtpTls::None), "tls"),
        (builder().extra_root("no PEM"), "extra root"),
        (builder().hello("desk\r\nMAIL FROM:<x>"), "hello"),
        (builder().connections(0), "connections"),
        (builder().connections(65), "connections"),
        (builder().messages_per_connection(0), "messages per connection"),
        (builder().list_unsubscribe("http://court.example/u"), "list-unsubscribe"),
        (builder().list_unsubscribe("https://court.example/\r\nBcc: x"), "list-unsubscribe"),
    ] {
        assert_eq!(builder.build().unwrap_err().field(), field);
    }
    let notifier = builder().connections(8).build().unwrap();
    assert_eq!((notifier.concurrency(), notifier.channel()), (8, Channel::EMAIL));
    assert_eq!(builder().build().unwrap().concurrency(), 4);
}
