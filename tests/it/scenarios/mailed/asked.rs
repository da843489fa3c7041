//! What a host asks for, as its mail server sees it.

use puntual::Reminders;
use puntual::notify::SmtpPhase;
use puntual::scheduler::{Cancelling, GuardAnswer, Scheduling};
use puntual::task::{TaskState, What};
use puntual::testing::{SmtpScript, SmtpStep};

use super::{Post, id_of};
use crate::scenarios::{
    Backend, DAY, HOUR, MINUTE, booking, civil, each_store, instant, jane, reminder,
};

each_store!(
    what_is_rolled_back_is_never_mailed_and_what_is_committed_is_mailed_at_once,
    a_moved_booking_is_mailed_at_its_new_time_with_another_message_id,
    a_mail_that_is_cancelled_while_its_server_stalls_is_not_tried_again,
    a_guard_that_says_no_keeps_the_mail_from_the_server,
);

const NOW: &str = "2026-07-01T00:00:00Z";

/// Scenario 4.
async fn what_is_rolled_back_is_never_mailed_and_what_is_committed_is_mailed_at_once(
    backend: impl Backend,
) {
    let post = Post::at(&backend, NOW, SmtpScript::new()).await;
    let both = || {
        let at = civil("2026-07-10T15:00", "UTC");
        let confirmation = reminder("confirmation").event(at.clone()).now();
        vec![confirmation, reminder("reminder").event(at).before(DAY)]
    };
    backend.within(&post.scheduler, both(), false).await;
    assert_eq!(post.pass(HOUR).await.claimed, 0);
    assert!(post.server.conversations().is_empty(), "not even a connection");
    backend.within(&post.scheduler, both(), true).await;
    assert_eq!(post.pass(std::time::Duration::ZERO).await.sent, 1, "the confirmation");
    assert_eq!(post.server.mails().len(), 1);
    post.clock.advance_to(instant("2026-07-09T15:00:00Z"));
    assert_eq!(post.scheduler.run_until_idle().await.unwrap().sent, 1);
}

/// Scenario 5: before it was sent, and after.
async fn a_moved_booking_is_mailed_at_its_new_time_with_another_message_id(backend: impl Backend) {
    let post = Post::at(&backend, NOW, SmtpScript::new()).await;
    let at = civil("2026-07-10T15:00", "Europe/Berlin");
    let id = post.schedule(reminder("reminder_24h").event(at).before(DAY)).await;
    let later = civil("2026-07-12T15:00", "Europe/Berlin");
    let moved = post.scheduler.move_subject(&booking(1), later).await.unwrap();
    assert_eq!((moved[0].what, moved[0].id), (Scheduling::Moved, id), "the same row");
    post.clock.advance_to(instant("2026-07-11T12:59:59Z"));
    assert_eq!(post.scheduler.run_until_idle().await.unwrap().claimed, 0);
    assert_eq!(post.pass(std::time::Duration::from_secs(1)).await.sent, 1);

    let again = civil("2026-07-14T15:00", "Europe/Berlin");
    post.scheduler.move_subject(&booking(1), again).await.unwrap();
    assert_eq!(post.pass(2 * DAY).await.sent, 1, "it is sent for the new time too");
    assert_eq!(post.message_ids(), [id_of(id, 2), id_of(id, 3)]);
}

/// Scenario 6.
async fn a_mail_that_is_cancelled_while_its_server_stalls_is_not_tried_again(
    backend: impl Backend,
) {
    let post = Post::at(&backend, NOW, SmtpScript::new()).await;
    let late = SmtpStep::reply("451 4.3.0 try later").after(&post.clock, MINUTE);
    post.server.push(SmtpPhase::End, late);
    let at = || civil("2026-07-10T15:00", "UTC");
    let id = post.schedule(reminder("confirmation").event(at()).now()).await;
    let later = post.schedule(reminder("reminder").event(at()).before(DAY)).await;
    let (report, outcomes) = tokio::join!(post.scheduler.process_due(10), async {
        post.server.reached(SmtpPhase::End, 1).await;
        let outcomes = post.scheduler.cancel_subject(&booking(1)).await.unwrap();
        post.clock.advance(MINUTE);
        outcomes
    });
    let what = |id| outcomes.iter().find(|outcome| outcome.id == id).unwrap().what;
    assert_eq!(what(id), Cancelling::PendingSending);
    assert_eq!(what(later), Cancelling::Cancelled, "by the same call");
    assert_eq!(report.unwrap().cancelled, 1);
    assert_eq!(post.task(id).await.state, TaskState::Cancelled);
    assert_eq!(post.story(id).await, [What::Scheduled, What::CancelRequested, What::Cancelled]);
    assert_eq!(post.pass(30 * DAY).await.claimed, 0);
    assert_eq!(post.server.mails().len(), 1);
}

/// Scenario 7.
async fn a_guard_that_says_no_keeps_the_mail_from_the_server(backend: impl Backend) {
    let no =
        |_task| async { Ok::<_, std::io::Error>(GuardAnswer::Skip("the court is closed".into())) };
    let set = |smtp| smtp;
    let post = Post::with(&backend, NOW, SmtpScript::new(), set, |b| b.guard(no)).await;
    let id = post.schedule(reminder("confirmation").now()).await;
    assert_eq!(post.pass(HOUR).await.skipped, 1);
    assert!(post.server.conversations().is_empty());
    let why = post.scheduler.explain(id).await.unwrap().unwrap().to_string();
    assert!(why.contains("the host's guard said that it must not be sent"), "{why}");
    assert!(why.contains("the court is closed") && !why.contains(jane().as_str()), "{why}");
}
