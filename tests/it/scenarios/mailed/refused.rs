//! Servers that refuse: everybody, for want of the right password, or one recipient.

use std::time::Duration;

use puntual::inspect::Ailment;
use puntual::notify::SmtpPhase;
use puntual::scheduler::SuppressionReason;
use puntual::store::{TaskFilter, TaskStoreExt};
use puntual::task::{Channel, PhoneNumber, TaskState, What};
use puntual::testing::{SmtpScript, SmtpStep};
use puntual::{Reminder, Reminders};

use super::{Post, mail_to, person};
use crate::scenarios::{Backend, MINUTE, booking, each_store};

each_store!(
    a_wrong_password_fails_nobody_and_once_it_is_mended_all_mails_go_out,
    a_bad_recipient_falls_back_to_the_phone_and_touches_nobody_else,
);

const NOW: &str = "2026-07-01T00:00:00Z";

/// Scenario 12.
async fn a_wrong_password_fails_nobody_and_once_it_is_mended_all_mails_go_out(
    backend: impl Backend,
) {
    const ALL: u32 = 200;
    let wrong = SmtpStep::reply("535 5.7.8 authentication credentials invalid");
    let script = SmtpScript::new().always(SmtpPhase::Auth, wrong);
    let set = |smtp: puntual::notify::SmtpBuilder| smtp.credentials("desk", "wrong");
    let post = Post::with(&backend, NOW, script, set, |builder| builder).await;
    let all = (0..ALL).map(|number| mail_to(number).now()).collect();
    let outcomes = post.scheduler.schedule_all(all).await.unwrap();
    for _ in 0..60 {
        assert_eq!(post.pass(MINUTE).await.sent, 0);
    }
    for task in post.store.all(TaskFilter::default()).await.unwrap() {
        assert_eq!((task.state, task.attempts), (TaskState::Scheduled, 0));
    }
    let logins = post.server.conversations().len();
    assert!((5..50).contains(&logins), "{logins} logins in an hour");

    let stats = post.scheduler.stats().await.unwrap();
    let breaker = &stats.breakers[0];
    assert_eq!((&breaker.channel, breaker.open), (&Channel::EMAIL, true));
    assert_eq!(breaker.reason.as_ref().unwrap().as_str(), "535 5.7.8");
    let diagnosis = post.scheduler.doctor().await;
    let said = |ailment| {
        let of = diagnosis.findings.iter().filter(move |finding| finding.ailment == ailment);
        of.map(|finding| finding.what.to_string()).collect::<String>()
    };
    assert!(said(Ailment::ChannelStopped).contains("535 5.7.8"), "{diagnosis}");
    assert!(said(Ailment::NotifierFails).contains("535 5.7.8: AUTH"), "{diagnosis}");
    let why = post.scheduler.explain(outcomes[0].id).await.unwrap().unwrap().to_string();
    assert!(why.contains("The channel email does not work (535 5.7.8)"), "{why}");

    post.server.follow(SmtpScript::new());
    let mut sent = 0;
    for _ in 0..6 {
        sent += post.pass(MINUTE).await.sent;
    }
    assert_eq!(sent, ALL, "the password is right again");
    assert_eq!(post.server.mails().len(), ALL as usize, "once each");
    assert!(post.scheduler.stats().await.unwrap().breakers.is_empty());
}

/// Scenario 13.
async fn a_bad_recipient_falls_back_to_the_phone_and_touches_nobody_else(backend: impl Backend) {
    let unknown = SmtpStep::reply("550 5.1.1 no such user");
    let script = SmtpScript::new().for_recipient(person(3).as_str(), unknown);
    let set = |smtp: puntual::notify::SmtpBuilder| smtp.connections(1);
    let post = Post::with(&backend, NOW, script, set, |builder| builder).await;
    let phone: PhoneNumber = "+4915112345678".parse().unwrap();
    let ask = |number| match number {
        3 => mail_to(number).now().fallback(phone.clone()),
        _ => mail_to(number).now(),
    };
    let outcomes = post.scheduler.schedule_all((0..6).map(ask).collect()).await.unwrap();
    let report = post.pass(Duration::ZERO).await;
    assert_eq!((report.failed, report.sent), (1, 6), "five mails and a text: {report:?}");
    assert_eq!(post.server.mails().len(), 5);
    assert_eq!(post.server.conversations().len(), 1, "the connection serves the others");

    let failed = post.task(outcomes[3].id).await;
    assert_eq!(failed.state, TaskState::Failed);
    assert_eq!(post.story(failed.id).await, [What::Scheduled, What::Failed]);
    let texted = post.phone.accepted();
    assert_eq!(texted.len(), 1);
    assert_eq!(texted[0].notification.recipient.address().as_str(), phone.as_str());
    assert!(texted[0].notification.expires_at <= failed.expires_at);

    // The address is suppressed: the next mail to it does not even reach the server.
    let kept = post.scheduler.suppression(person(3)).await.unwrap().unwrap();
    assert_eq!(kept.reason, SuppressionReason::Undeliverable);
    assert_eq!(kept.code.unwrap().as_str(), "550 5.1.1");
    let asked = |post: &Post| {
        let conversations = post.server.conversations();
        let commands = conversations.into_iter().flat_map(|one| one.commands);
        commands.filter(|line| line.contains(person(3).as_str())).count()
    };
    let again = Reminder::new("again", &booking(3), person(3)).text("..").now();
    let again = post.schedule(again.fallback(phone)).await;
    let report = post.pass(Duration::ZERO).await;
    assert_eq!((report.failed, report.sent), (1, 1), "by text again: {report:?}");
    assert_eq!((asked(&post), post.task(again).await.attempts), (1, 0));
    assert!(post.scheduler.suppression(person(4)).await.unwrap().is_none());
}
