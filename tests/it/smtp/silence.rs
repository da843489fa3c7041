//! A server that says nothing: each phase has its own limit, by the notifier's clock.

use std::time::Duration;

use puntual::notify::{NotifyErrorKind, SmtpPhase, SmtpTls};
use puntual::testing::{SmtpScript, SmtpStep};

use super::authority::Authority;
use super::{ANSWERED, Bench, without_answer};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn silence_ends_at_the_limit_of_its_phase() {
    for phase in ANSWERED {
        let bench = Bench::logged_in(SmtpScript::new().then(phase, SmtpStep::silence())).await;
        let sending = bench.begin("jane@example.com");
        bench.server.reached(phase, 1).await;
        let limit = phase.time_limit();
        let mut waited = Duration::ZERO;
        while !sending.is_finished() {
            bench.clock.advance(SECOND);
            bench.clock.settle().await;
            waited += SECOND;
        }
        // The server may be about to greet while the client still connects.
        let slack = if phase == SmtpPhase::Greeting {
            SmtpPhase::Connect.time_limit()
        } else {
            Duration::ZERO
        };
        assert!((limit..=limit + slack).contains(&waited), "{phase}: after {waited:?}");
        let error = sending.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.code().as_str()), (without_answer(phase), "timeout"));
        let words = format!("{phase}: no answer within {} s", limit.as_secs());
        assert_eq!(error.detail().as_str(), words);
        bench.send("john@example.com").await.unwrap();
        assert_eq!(bench.server.conversations().len(), 2, "{phase}: the connection is in doubt");
    }
}

#[tokio::test]
async fn the_limits_are_those_that_the_protocol_asks_for() {
    for (phase, seconds) in [
        (SmtpPhase::Connect, 10),
        (SmtpPhase::Tls, 15),
        (SmtpPhase::Greeting, 30),
        (SmtpPhase::Hello, 30),
        (SmtpPhase::Auth, 30),
        (SmtpPhase::Mail, 60),
        (SmtpPhase::Recipient, 60),
        (SmtpPhase::Data, 120),
        (SmtpPhase::Content, 180),
        (SmtpPhase::End, 600),
    ] {
        assert_eq!(phase.time_limit().as_secs(), seconds, "{phase}");
    }
}

/// An answer in the last second is an answer.
#[tokio::test]
async fn an_answer_right_before_the_limit_is_in_time() {
    let answers = ["220", "250-x\r\n250 AUTH PLAIN", "235", "250", "250", "354", "250"];
    for (phase, answer) in ANSWERED.into_iter().zip(answers) {
        let bench = Bench::logged_in(SmtpScript::new()).await;
        let late = phase.time_limit() - SECOND;
        bench.server.push(phase, SmtpStep::reply(answer).after(&bench.clock, late));
        let sending = bench.begin("jane@example.com");
        bench.server.reached(phase, 1).await;
        while !sending.is_finished() {
            bench.clock.settle().await;
            bench.clock.advance(SECOND);
        }
        sending.await.unwrap().unwrap_or_else(|error| panic!("{phase}: {error}"));
        assert_eq!(bench.server.mails().len(), 1, "{phase}");
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_given_up() {
    let authority = Authority::new();
    let script = authority.certify(SmtpScript::new(), "127.0.0.1").implicit_tls();
    let script = script.then(SmtpPhase::Tls, SmtpStep::silence());
    let bench =
        Bench::with(script, |builder| builder.tls(SmtpTls::Implicit).extra_root(authority.pem()))
            .await;
    let sending = bench.begin("jane@example.com");
    bench.server.reached(SmtpPhase::Tls, 1).await;
    while !sending.is_finished() {
        bench.clock.settle().await;
        bench.clock.advance(SECOND);
    }
    let error = sending.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.code().as_str()), (NotifyErrorKind::ChannelDown, "timeout"));
    assert_eq!(error.detail().as_str(), "TLS: no answer within 15 s");
    bench.send("john@example.com").await.unwrap();
}
