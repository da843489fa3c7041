//! The scripted notifier does what its script says, and its journal tells what happened.

use std::time::Duration;

use puntual::notify::{Notification, Notifier, NotifyErrorKind, OnUncertain, Scope};
use puntual::task::{Channel, EmailAddress};
use puntual::testing::{self, AttemptEnd, GateSeen, ScriptedNotifier, Stall, Step, VirtualClock};

fn message(to: &str) -> Notification {
    testing::notification(to.parse::<EmailAddress>().unwrap(), "Your court is booked.")
}

fn email() -> ScriptedNotifier {
    ScriptedNotifier::new(Channel::EMAIL)
}

#[tokio::test]
async fn failures_come_as_they_were_written() {
    for before_gate in [true, false] {
        for kind in [
            NotifyErrorKind::Transient,
            NotifyErrorKind::Permanent,
            NotifyErrorKind::Uncertain,
            NotifyErrorKind::ChannelDown,
        ] {
            let wait = Duration::from_secs(90);
            let step = Step::fail(kind, "451 4.7.1").about(Scope::Sender).retry_after(wait);
            let step = if before_gate { step.before_gate() } else { step };
            let notifier = email().then(step);
            let attempt = testing::attempt().build();
            let error = notifier.notify(&attempt, &message("a@example.com")).await.unwrap_err();
            assert_eq!((error.kind(), error.scope()), (kind, Scope::Sender));
            assert_eq!((error.code().as_str(), error.wait()), ("451 4.7.1", Some(wait)));
            let line = &notifier.journal()[0];
            let gate = if before_gate { GateSeen::NotYet } else { GateSeen::Open };
            assert_eq!((line.gate, line.end), (gate, AttemptEnd::Failed));
            assert_eq!(attempt.hand_offs(), u32::from(!before_gate));
        }
    }
}

#[tokio::test]
async fn a_closed_gate_lets_nothing_pass() {
    let notifier = email().then(Step::accept_as("never"));
    let attempt = testing::attempt().gate_closed("the booking was cancelled").build();
    let error = notifier.notify(&attempt, &message("a@example.com")).await.unwrap_err();
    assert_eq!(error.kind(), NotifyErrorKind::GateClosed);
    assert_eq!(error.detail().as_str(), "the booking was cancelled");
    let line = &notifier.journal()[0];
    assert_eq!((line.gate, line.handed_off_at), (GateSeen::Closed, None));
    assert!(notifier.accepted().is_empty());
}

#[tokio::test]
async fn steps_of_an_address_come_before_those_of_everybody() {
    let notifier = email()
        .then_for("b@example.com", Step::accept_as("for b"))
        .then(Step::accept_as("first"))
        .otherwise(Step::accept_as("later"));
    let attempt = testing::attempt().build();
    let mut ids = Vec::new();
    for to in ["a@example.com", "b@example.com", "b@example.com", "a@example.com"] {
        let receipt = notifier.notify(&attempt, &message(to)).await.unwrap();
        ids.push(receipt.evidence().provider_id.clone().unwrap().to_string());
    }
    assert_eq!(ids, ["first", "for b", "later", "later"]);
}

#[tokio::test]
async fn a_panic_and_a_hang_are_told_from_a_failure() {
    for (step, gate) in [
        (Step::panic().before_gate(), GateSeen::NotYet),
        (Step::panic(), GateSeen::Open),
        (Step::hang().before_gate(), GateSeen::NotYet),
        (Step::hang(), GateSeen::Open),
    ] {
        let hangs = format!("{step:?}").contains("Hang");
        let notifier = email().then(step);
        let running = tokio::spawn({
            let notifier = notifier.clone();
            async move {
                let attempt = testing::attempt().build();
                notifier.notify(&attempt, &message("a@example.com")).await.is_ok()
            }
        });
        VirtualClock::at("2026-07-10T12:00:00Z").settle().await;
        if hangs {
            assert_eq!(notifier.journal()[0].end, AttemptEnd::Running);
            running.abort();
        }
        let error = running.await.unwrap_err();
        assert_eq!(error.is_panic(), !hangs);
        let end = if hangs { AttemptEnd::Dropped } else { AttemptEnd::Panicked };
        let line = &notifier.journal()[0];
        assert_eq!((line.gate, line.end), (gate, end));
    }
}

#[tokio::test]
async fn a_stall_holds_until_it_is_released() {
    for before_gate in [true, false] {
        let stall = Stall::new();
        let step = Step::accept().stalled_by(&stall);
        let notifier = email().otherwise(if before_gate { step.before_gate() } else { step });
        let run = || {
            let notifier = notifier.clone();
            tokio::spawn(async move {
                let attempt = testing::attempt().build();
                notifier.notify(&attempt, &message("a@example.com")).await.is_ok()
            })
        };
        let runs = [run(), run()];
        stall.reached_by(2).await;
        let gate = if before_gate { GateSeen::NotYet } else { GateSeen::Open };
        assert!(notifier.journal().iter().all(|line| line.gate == gate));
        assert_eq!(notifier.accepted().len(), 0);
        stall.release();
        for run in runs {
            assert!(run.await.unwrap());
        }
        assert_eq!(notifier.accepted().len(), 2);
    }
}

#[test]
fn settings_are_those_that_were_given() {
    let notifier = email();
    assert_eq!((notifier.concurrency(), notifier.marks_hand_off()), (16, true));
    let notifier = notifier
        .with_on_uncertain(OnUncertain::Hold)
        .with_concurrency(2)
        .with_marks_hand_off(false);
    assert_eq!((notifier.concurrency(), notifier.marks_hand_off()), (2, false));
    assert_eq!((notifier.on_uncertain(), notifier.channel()), (OnUncertain::Hold, Channel::EMAIL));
}

#[tokio::test]
async fn an_attempt_shows_what_it_was_built_with() {
    let clock = VirtualClock::at("2026-07-10T12:00:00Z");
    let attempt = testing::attempt()
        .clock(&clock)
        .number(3)
        .generation(2)
        .deadline("2026-07-10T12:01:00Z")
        .expires_at("2026-07-10T18:00:00Z")
        .first_byte_within(Duration::from_secs(9))
        .build();
    assert_eq!((attempt.number(), attempt.now()), (3, clock.now()));
    assert_eq!(attempt.deadline() - attempt.now(), chrono::TimeDelta::minutes(1));
    assert_eq!(attempt.expires_at() - attempt.now(), chrono::TimeDelta::hours(6));
    assert_eq!(attempt.idempotency_key(), format!("{}.2", attempt.task()));
    let handed_off = attempt.hand_off().await.unwrap();
    clock.advance(Duration::from_secs(4));
    assert_eq!(handed_off.time_left(), Duration::from_secs(5));
    clock.advance(Duration::from_secs(60));
    assert_eq!(handed_off.time_left(), Duration::ZERO);
}
