//! What other clients get wrong: a message is called sent when, and only when, the server said so.

use std::time::Duration;

use puntual::notify::{Notifier as _, NotifyErrorKind, SmtpPhase};
use puntual::testing::{self, SmtpScript, SmtpStep};

use super::{Bench, one_by_one_and_at_once, to_address, until};

const MINUTE: Duration = Duration::from_secs(60);

/// Seen elsewhere: an attempt was dropped after its final dot, its connection went back to a pool,
/// and its late 250 was read as the answer to the next message, which the server refused.
#[tokio::test]
async fn a_554_is_never_called_sent_after_an_attempt_was_dropped() {
    let phases = [SmtpPhase::Mail, SmtpPhase::Recipient, SmtpPhase::Data, SmtpPhase::End];
    let cases = one_by_one_and_at_once().map(|script| phases.map(|phase| (script.clone(), phase)));
    for (script, phase) in cases.into_iter().flatten() {
        let bench = Bench::plain(script).await;
        let late = match phase {
            SmtpPhase::Data => "354 go on",
            _ => "250 2.0.0 late",
        };
        bench.server.push(phase, SmtpStep::reply(late).after(&bench.clock, 5 * MINUTE));
        let dropped = bench.begin("jane@example.com");
        bench.server.reached(phase, 1).await;
        dropped.abort();
        assert!(dropped.await.unwrap_err().is_cancelled());
        bench.clock.advance(5 * MINUTE);

        bench.server.push(SmtpPhase::End, SmtpStep::reply("554 5.7.1 spam"));
        let error = bench.fail(NotifyErrorKind::Permanent).await;
        assert_eq!(error.code().as_str(), "554 5.7.1", "{phase}");
        assert_eq!(bench.server.conversations().len(), 2, "{phase}");
    }
}

#[tokio::test]
async fn a_250_after_five_minutes_is_one_message_sent() {
    let bench = Bench::plain(SmtpScript::new()).await;
    let late = SmtpStep::reply("250 2.0.0 Ok: queued as LATE").after(&bench.clock, 5 * MINUTE);
    bench.server.push(SmtpPhase::End, late);
    let sending = bench.begin("jane@example.com");
    bench.server.reached(SmtpPhase::End, 1).await;
    until(|| bench.clock.next_deadline().is_some()).await;
    bench.clock.advance(5 * MINUTE);
    let receipt = sending.await.unwrap().unwrap();
    assert_eq!(receipt.evidence().provider_id.as_ref().unwrap().as_str(), "LATE");
    bench.send("john@example.com").await.unwrap();
    assert_eq!(bench.server.mails().len(), 2);
    assert_eq!(bench.server.conversations().len(), 1, "a late answer is an answer");
}

#[tokio::test]
async fn a_cut_after_the_final_dot_is_uncertain_and_one_before_it_is_not() {
    for (phase, kind) in [
        (SmtpPhase::Mail, NotifyErrorKind::Transient),
        (SmtpPhase::Recipient, NotifyErrorKind::Transient),
        (SmtpPhase::Data, NotifyErrorKind::Transient),
        (SmtpPhase::End, NotifyErrorKind::Uncertain),
    ] {
        for script in one_by_one_and_at_once() {
            let bench = Bench::plain(script.then(phase, SmtpStep::close())).await;
            let error = bench.fail(kind).await;
            assert_eq!(error.code().as_str(), "closed", "{phase}");
        }
    }
}

#[tokio::test]
async fn only_2xx_after_the_final_dot_is_success() {
    for reply in ["354 go on", "334 VXNlcm5hbWU6", "300 well"] {
        let bench =
            Bench::plain(SmtpScript::new().then(SmtpPhase::End, SmtpStep::reply(reply))).await;
        let error = bench.fail(NotifyErrorKind::Uncertain).await;
        assert_eq!(error.code().as_str(), "odd_reply", "{reply}");
        bench.send("john@example.com").await.unwrap();
        assert_eq!(bench.server.conversations().len(), 2, "the connection is in doubt");
    }
}

/// 2xx to DATA is no invitation: what followed would be read as commands.
#[tokio::test]
async fn nothing_but_354_lets_the_content_go() {
    for reply in ["250 ok", "350 what", "220 hello"] {
        for script in one_by_one_and_at_once() {
            let bench = Bench::plain(script.then(SmtpPhase::Data, SmtpStep::reply(reply))).await;
            bench.fail(NotifyErrorKind::Transient).await;
            until(|| bench.server.conversations()[0].is_over).await;
            let last = bench.server.conversations()[0].commands.last().cloned();
            assert_eq!(last.as_deref(), Some("DATA"), "{reply}");
        }
    }
}

#[tokio::test]
async fn the_gate_is_asked_once_right_before_the_final_dot() {
    let bench = Bench::plain(SmtpScript::new()).await;
    let attempt = bench.attempt();
    bench.notifier.notify(&attempt, &to_address("jane@example.com")).await.unwrap();
    assert_eq!(attempt.hand_offs(), 1);
    for (phase, reply) in [
        (SmtpPhase::Mail, "550 5.1.8 no"),
        (SmtpPhase::Recipient, "550 5.1.1 no"),
        (SmtpPhase::Data, "451 no"),
    ] {
        bench.server.push(phase, SmtpStep::reply(reply));
        let attempt = bench.attempt();
        bench.notifier.notify(&attempt, &to_address("jane@example.com")).await.unwrap_err();
        assert_eq!(attempt.hand_offs(), 0, "{phase}");
    }
}

#[tokio::test]
async fn a_closed_gate_keeps_the_final_dot_back_and_ends_the_connection() {
    let bench = Bench::plain(SmtpScript::new()).await;
    let closed = testing::attempt().clock(&bench.clock).gate_closed("it was cancelled").build();
    let error = bench.notifier.notify(&closed, &to_address("jane@example.com")).await.unwrap_err();
    assert_eq!(error.kind(), NotifyErrorKind::GateClosed);
    let late = testing::attempt().clock(&bench.clock).first_byte_within(Duration::ZERO).build();
    let error = bench.notifier.notify(&late, &to_address("jane@example.com")).await.unwrap_err();
    assert_eq!(error.kind(), NotifyErrorKind::Transient);
    bench.until_connected(0).await;
    assert!(bench.server.mails().is_empty(), "a dot was sent");
    bench.send("john@example.com").await.unwrap();
    assert_eq!(bench.server.mails().len(), 1);
    assert_eq!(bench.server.conversations().len(), 3);
}

/// Two answers to one question: which of them is meant, nobody knows.
#[tokio::test]
async fn two_answers_to_the_final_dot_are_uncertain() {
    for answers in ["250 ok\r\n554 no\r\n", "451 no\r\n250 ok\r\n"] {
        let bench =
            Bench::plain(SmtpScript::new().then(SmtpPhase::End, SmtpStep::bytes(answers))).await;
        bench.fail(NotifyErrorKind::Uncertain).await;
    }
    let goodbye = SmtpStep::bytes("250 2.0.0 ok\r\n421 4.4.2 bye\r\n").then_close();
    let bench = Bench::plain(SmtpScript::new().then(SmtpPhase::End, goodbye)).await;
    bench.send("jane@example.com").await.expect("it accepted, and said goodbye");
}

/// A server that goes away in the middle of the content: what is told depends on the dot alone.
#[tokio::test]
async fn a_cut_in_the_content_is_uncertain_only_once_the_dot_may_have_left() {
    for script in one_by_one_and_at_once() {
        let bench = Bench::plain(script.then(SmtpPhase::Content, SmtpStep::close())).await;
        let attempt = bench.attempt();
        let message = to_address("jane@example.com");
        let error = bench.notifier.notify(&attempt, &message).await.unwrap_err();
        let expected = match attempt.hand_offs() {
            0 => NotifyErrorKind::Transient,
            _ => NotifyErrorKind::Uncertain,
        };
        assert_eq!((error.kind(), error.code().as_str()), (expected, "closed"), "{error}");
        assert!(bench.server.mails().is_empty());
        bench.send("john@example.com").await.unwrap();
        assert_eq!(bench.server.conversations().len(), 2);
    }
}
