//! `check()`: says in words what works, and what does not.

use puntual::notify::{Health, Notifier as _, NotifyErrorKind, SmtpNotifier, SmtpPhase, SmtpTls};
use puntual::testing::{ScriptedSmtp, SmtpScript, SmtpStep};

use super::authority::Authority;
use super::{Bench, PASSWORD};

async fn words(bench: &Bench) -> String {
    match bench.notifier.check().await.unwrap() {
        Health::Working(words) => words.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_check_goes_all_the_way_but_for_a_message() {
    let authority = Authority::new();
    let script = authority.certify(SmtpScript::new(), "127.0.0.1");
    let bench = Bench::with(script.offers(["AUTH LOGIN", "SMTPUTF8", "DELIVERBY 60"]), |builder| {
        builder
            .tls(SmtpTls::StartTls)
            .credentials("desk", PASSWORD)
            .extra_root(authority.pem())
            .hello("desk.court.example")
    })
    .await;
    let port = bench.server.port();
    assert_eq!(
        words(&bench).await,
        format!(
            "connected to 127.0.0.1 on port {port}: TLSv1.3 with a valid certificate, logged in \
             by LOGIN, NOOP answered; it offers SMTPUTF8, DELIVERBY"
        )
    );
    bench.until_connected(0).await;
    let commands = &bench.server.conversations()[0].commands;
    let expected = [
        "EHLO desk.court.example",
        "STARTTLS",
        "EHLO desk.court.example",
        "AUTH LOGIN",
        "ZGVzaw==",
        "Y2FuYXJ5LVBhNTV3b3Jk",
        "NOOP",
        "QUIT",
    ];
    assert_eq!(commands, &expected);
}

#[tokio::test]
async fn a_check_without_tls_and_login_says_so() {
    let bench = Bench::plain(SmtpScript::new()).await;
    let port = bench.server.port();
    assert_eq!(
        words(&bench).await,
        format!(
            "connected to 127.0.0.1 on port {port}: no TLS, no login, NOOP answered; it offers \
             nothing more"
        )
    );
}

#[tokio::test]
async fn a_check_names_the_step_that_fails() {
    for (phase, step, words) in [
        (SmtpPhase::Greeting, SmtpStep::reply("554 no"), "554: greeting: no"),
        (SmtpPhase::Auth, SmtpStep::reply("535 5.7.8 no"), "535 5.7.8: AUTH: no"),
        (SmtpPhase::Noop, SmtpStep::close(), "closed: NOOP: the server closed the connection"),
    ] {
        let bench = Bench::logged_in(SmtpScript::new().then(phase, step)).await;
        let error = bench.notifier.check().await.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (NotifyErrorKind::ChannelDown, words.into()));
    }
    let gone = ScriptedSmtp::start(SmtpScript::new()).await.unwrap().port();
    let notifier = SmtpNotifier::builder("127.0.0.1", "desk@court.example").port(gone);
    let notifier = notifier.tls(SmtpTls::None).build().unwrap();
    // The port may be closed a moment later than the server is dropped.
    let error = loop {
        if let Err(error) = notifier.check().await
            && error.detail().as_str().starts_with("connect")
        {
            break error;
        }
    };
    assert_eq!((error.kind(), error.code().as_str()), (NotifyErrorKind::ChannelDown, "network"));
}

#[tokio::test]
async fn a_login_that_the_server_does_not_know_is_said() {
    let script = SmtpScript::new().offers(["AUTH XOAUTH2"]);
    let bench = Bench::logged_in(script).await;
    let error = bench.notifier.check().await.unwrap_err();
    let words = "unsupported: AUTH: the server does not offer AUTH by PLAIN or LOGIN";
    assert_eq!(error.to_string(), words);
}
