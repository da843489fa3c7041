//! S19, TLS downgrade: whatever the other side does, no password goes over the wire in clear.

use puntual::notify::{NotifyErrorKind, SmtpPhase, SmtpTls};
use puntual::testing::{SmtpScript, SmtpStep};

use super::authority::Authority;
use super::{Bench, PASSWORD};

const NAME: &str = "127.0.0.1";

async fn bench(script: SmtpScript, tls: SmtpTls, authority: &Authority) -> Bench {
    Bench::with(script, |builder| {
        builder.tls(tls).credentials("desk", PASSWORD).extra_root(authority.pem())
    })
    .await
}

#[tokio::test]
async fn mail_goes_out_under_tls_by_either_way() {
    let authority = Authority::new();
    for tls in [SmtpTls::StartTls, SmtpTls::Implicit] {
        let mut script = authority.certify(SmtpScript::new(), NAME);
        if tls == SmtpTls::Implicit {
            script = script.implicit_tls();
        }
        let bench = bench(script, tls, &authority).await;
        bench.send("jane@example.com").await.unwrap();
        let conversation = &bench.server.conversations()[0];
        assert!(conversation.is_protected);
        let hellos = conversation.commands.iter().filter(|line| line.starts_with("EHLO")).count();
        let in_clear = String::from_utf8_lossy(&conversation.in_clear);
        match tls {
            SmtpTls::StartTls => {
                assert_eq!(hellos, 2, "what was offered in clear is asked again");
                assert!(!in_clear.contains("AUTH") && in_clear.contains("STARTTLS"));
            }
            _ => assert_eq!((hellos, in_clear.len()), (1, 0)),
        }
    }
}

#[tokio::test]
async fn no_password_is_sent_in_clear_whatever_the_server_does() {
    let authority = Authority::new();
    let good = || authority.certify(SmtpScript::new(), NAME);
    let on_start_tls = |step| good().then(SmtpPhase::StartTls, step);
    let injected = "220 go on\r\n250 AUTH PLAIN\r\n235 welcome\r\n";
    let start_tls = SmtpTls::StartTls;
    #[rustfmt::skip]
    let attacks = [
        ("STARTTLS is not offered", SmtpScript::new(), start_tls, "unsupported"),
        ("454", on_start_tls(SmtpStep::reply("454 4.7.0 no TLS now")), start_tls, "454 4.7.0"),
        ("502", on_start_tls(SmtpStep::reply("502 5.5.1 what")), start_tls, "502 5.5.1"),
        ("334", on_start_tls(SmtpStep::reply("334 go on")), start_tls, "odd_reply"),
        ("bytes behind 220", on_start_tls(SmtpStep::bytes(injected)), start_tls, "odd_reply"),
        ("closed after 220", good().then(SmtpPhase::Tls, SmtpStep::close()), start_tls, "closed"),
        ("words behind 220", good().then(SmtpPhase::Tls, SmtpStep::reply("250 ok")), start_tls, "odd_reply"),
        ("another name", authority.certify(SmtpScript::new(), "mx.example"), start_tls, "tls"),
        ("expired", authority.certify_until(SmtpScript::new(), NAME, 2_020), start_tls, "tls"),
        ("unknown authority", Authority::new().certify(SmtpScript::new(), NAME), start_tls, "tls"),
        ("in clear on the TLS port", SmtpScript::new(), SmtpTls::Implicit, "tls"),
        ("another name", authority.certify(SmtpScript::new(), "mx.example").implicit_tls(), SmtpTls::Implicit, "tls"),
    ];
    for (attack, script, tls, code) in attacks {
        let bench = bench(script, tls, &authority).await;
        let error = bench.fail(NotifyErrorKind::ChannelDown).await;
        assert_eq!(error.code().as_str(), code, "{attack}: {error}");
        for conversation in bench.server.conversations() {
            let in_clear = String::from_utf8_lossy(&conversation.in_clear).to_uppercase();
            assert!(!in_clear.contains("AUTH"), "{attack}: {in_clear}");
            assert!(!conversation.commands.iter().any(|line| line.contains("AUTH")), "{attack}");
        }
        assert!(bench.server.mails().is_empty(), "{attack}");
    }
}

/// A certificate that no root vouches for is refused even where others were added.
#[tokio::test]
async fn only_the_roots_that_were_given_are_trusted() {
    let authority = Authority::new();
    let script = authority.certify(SmtpScript::new(), NAME);
    let bench = Bench::with(script, |builder| builder.tls(SmtpTls::StartTls)).await;
    let error = bench.fail(NotifyErrorKind::ChannelDown).await;
    assert!(error.detail().as_str().contains("UnknownIssuer"), "{error}");
}
