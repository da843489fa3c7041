//! S13, secrets: a server that repeats the password gets it into no error, no history and no log.

use puntual::notify::{
    Health, Notifier as _, NotifyError, NotifyErrorKind, SmtpBuilder, SmtpNotifier, SmtpPhase,
    SmtpTls,
};
use puntual::testing::{SmtpScript, SmtpStep};

use super::{ANSWERED, Bench, PASSWORD};

/// PLAIN of user `desk` and the password, and the password alone, in base 64.
const PLAIN: &str = "AGRlc2sAY2FuYXJ5LVBhNTV3b3Jk";
const LOGIN: &str = "Y2FuYXJ5LVBhNTV3b3Jk";

fn everything(error: &NotifyError) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    text
}

fn assert_clean(text: &str) {
    for secret in [PASSWORD, PLAIN, LOGIN, "jane@example.com"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn what_a_server_repeats_is_kept_without_secrets_and_addresses() {
    let echo = format!("{PASSWORD} {PLAIN} {LOGIN} <jane@example.com> was what you sent");
    for phase in ANSWERED {
        for step in [
            SmtpStep::reply(&format!("550 5.7.1 {echo}")),
            SmtpStep::reply(&format!("399 {echo}")),
            SmtpStep::reply(&format!("no reply but {echo}")),
        ] {
            let bench = Bench::logged_in(SmtpScript::new().then(phase, step)).await;
            let error = bench.send("jane@example.com").await.unwrap_err();
            assert_clean(&everything(&error));
            if error.code().as_str().starts_with("550") {
                assert!(error.detail().as_str().contains("was what you sent"), "{error}");
            }
        }
    }
    let yes = SmtpStep::reply(&format!("250 2.0.0 {echo}"));
    let bench = Bench::logged_in(SmtpScript::new().then(SmtpPhase::End, yes)).await;
    let receipt = bench.send("jane@example.com").await.unwrap();
    assert_clean(&format!("{receipt:?}"));
    let sent = &bench.server.conversations()[0].commands;
    assert!(sent.contains(&format!("AUTH PLAIN {PLAIN}")), "the secret is the one that is sent");
}

#[tokio::test]
async fn settings_show_no_secret() {
    let url = format!("smtps://desk:{PASSWORD}@127.0.0.1");
    let builder = SmtpBuilder::from_url(&url, "desk@court.example").unwrap();
    assert_clean(&format!("{builder:?} {builder:#?}"));
    let notifier = builder.build().unwrap();
    assert_clean(&format!("{notifier:?} {notifier:#?}"));

    let refused = SmtpNotifier::builder("smtp.court.example", "desk@court.example")
        .tls(SmtpTls::None)
        .credentials("desk", PASSWORD)
        .build()
        .unwrap_err();
    assert_clean(&format!("{refused} {refused:?}"));
    for url in [
        format!("smtp://desk:{PASSWORD}%zz@smtp.court.example"),
        format!("smtp://desk:{PASSWORD}@smtp.court.example:0"),
        format!("smtp://desk:{PASSWORD}@smtp.court.example/x"),
        format!("http://desk:{PASSWORD}@smtp.court.example"),
        format!("smtp://desk:{PASSWORD}@"),
        format!("smtp://desk:{PASSWORD}%00@smtp.court.example"),
    ] {
        let error = SmtpNotifier::from_url(&url, "desk@court.example").unwrap_err();
        assert_clean(&format!("{error} {error:?}"));
    }
}

/// What a check says, it may say to everybody.
#[tokio::test]
async fn a_check_shows_no_secret() {
    let bench = Bench::logged_in(SmtpScript::new()).await;
    let Health::Working(words) = bench.notifier.check().await.unwrap() else {
        panic!("it works");
    };
    assert_clean(words.as_str());
    let refuse = SmtpStep::reply(&format!("535 5.7.8 {PASSWORD} is wrong"));
    bench.server.push(SmtpPhase::Auth, refuse);
    let error = bench.notifier.check().await.unwrap_err();
    assert_eq!(error.kind(), NotifyErrorKind::ChannelDown);
    assert_clean(&everything(&error));
}
