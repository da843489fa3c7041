//! A server that takes several commands at once gets them so, and what it answers counts in turn.

use std::time::Duration;

use puntual::notify::{NotifyErrorKind, Scope, SmtpPhase};
use puntual::testing::{SmtpScript, SmtpStep};

use super::{Bench, without_answer};

fn script() -> SmtpScript {
    SmtpScript::new().offers(["PIPELINING"])
}

#[tokio::test]
async fn a_refusal_counts_by_its_own_phase_and_costs_a_reset() {
    for (phase, reply, scope) in [
        (SmtpPhase::Mail, "550 5.1.8 no such sender", Scope::Sender),
        (SmtpPhase::Recipient, "550 5.1.1 no such user", Scope::Recipient),
        (SmtpPhase::Data, "451 4.3.0 disk", Scope::Message),
    ] {
        let bench = Bench::plain(script().then(phase, SmtpStep::reply(reply))).await;
        let error = bench.send("jane@example.com").await.unwrap_err();
        assert_eq!(error.scope(), scope, "{error}");
        assert!(error.detail().as_str().starts_with(&phase.to_string()), "{error}");
        bench.send("john@example.com").await.unwrap();
        let conversations = bench.server.conversations();
        assert_eq!(conversations.len(), 1, "{phase}");
        let commands: Vec<&str> = conversations[0].commands.iter().map(|line| &line[..4]).collect();
        let transaction = ["MAIL", "RCPT", "DATA"];
        assert_eq!(commands[1..], [&transaction[..], &["RSET"], &transaction].concat(), "{phase}");
        assert_eq!(bench.server.mails().len(), 1);
    }
}

/// A server that waits for a message without a recipient gets none: the connection is closed.
#[tokio::test]
async fn an_invitation_after_a_refusal_is_not_followed() {
    for (phase, answers) in [
        (SmtpPhase::Mail, "550 5.1.8 no\r\n503 5.5.1 MAIL first\r\n354 go on\r\n"),
        (SmtpPhase::Recipient, "550 5.1.1 no such user\r\n354 go on\r\n"),
    ] {
        let bench = Bench::plain(script().then(phase, SmtpStep::bytes(answers))).await;
        let error = bench.send("jane@example.com").await.unwrap_err();
        assert!(error.code().as_str().starts_with("550"), "{error}");
        bench.send("john@example.com").await.unwrap();
        assert_eq!(bench.server.conversations().len(), 2, "{phase}: where it is, nobody knows");
        assert_eq!(bench.server.mails().len(), 1);
    }
}

/// One answer more than there were questions: the next one would be read as another one's.
#[tokio::test]
async fn answers_that_are_shifted_end_the_connection_before_anything_is_sent() {
    for (phase, answers) in [
        (SmtpPhase::Mail, "250 ok\r\n250 ok\r\n"),
        (SmtpPhase::Recipient, "250 ok\r\n354 go on\r\n"),
        (SmtpPhase::Data, "354 go on\r\n250 ok\r\n"),
    ] {
        let bench = Bench::plain(script().then(phase, SmtpStep::bytes(answers))).await;
        bench.fail(NotifyErrorKind::Transient).await;
        assert!(bench.server.mails().is_empty(), "{phase}: nothing was sent");
        bench.server.push(SmtpPhase::End, SmtpStep::reply("554 5.7.1 spam"));
        bench.fail(NotifyErrorKind::Permanent).await;
        assert_eq!(bench.server.conversations().len(), 2, "{phase}");
    }
}

/// A goodbye to a used connection costs no attempt, whatever was written behind the first command.
#[tokio::test]
async fn a_goodbye_between_two_messages_costs_no_attempt_here_either() {
    let bench = Bench::plain(script()).await;
    bench.send("a@x.example").await.unwrap();
    for step in [SmtpStep::reply("421 4.4.2 idle too long").then_close(), SmtpStep::close()] {
        let before = bench.server.conversations().len();
        bench.server.push(SmtpPhase::Mail, step);
        bench.send("b@x.example").await.unwrap();
        assert_eq!(bench.server.conversations().len(), before + 1);
    }
    assert_eq!(bench.server.mails().len(), 3);
}

#[tokio::test]
async fn four_round_trips_become_two() {
    let bench = Bench::plain(script()).await;
    bench.send("jane@example.com").await.unwrap();
    let seen = String::from_utf8(bench.server.conversations()[0].in_clear.clone()).unwrap();
    let together = "MAIL FROM:<desk@court.example>\r\nRCPT TO:<jane@example.com>\r\nDATA\r\n";
    assert!(seen.contains(together), "{seen}");
}

/// Each answer has the time limit of its own phase, though the commands were written together.
#[tokio::test]
async fn silence_in_any_phase_ends_by_a_limit() {
    for phase in [SmtpPhase::Mail, SmtpPhase::Recipient, SmtpPhase::Data, SmtpPhase::End] {
        let bench = Bench::plain(script().then(phase, SmtpStep::silence())).await;
        let sending = bench.begin("jane@example.com");
        bench.server.reached(phase, 1).await;
        while !sending.is_finished() {
            bench.clock.advance(Duration::from_secs(1));
            bench.clock.settle().await;
        }
        let error = sending.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.code().as_str()), (without_answer(phase), "timeout"));
        let words = format!("{phase}: no answer within {} s", phase.time_limit().as_secs());
        assert_eq!(error.detail().as_str(), words);
    }
}
