//! A server that says nothing: each phase has its own limit, by the notifier's clock.

use std::time::Duration;

use puntual::notify::SmtpPhase;
use puntual::testing::{SmtpScript, SmtpStep};

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
