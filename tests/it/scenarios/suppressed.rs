//! Addresses to which nothing is sent: refused for good, or not wanted.

use std::time::Duration;

use puntual::inspect::Obstacle;
use puntual::notify::Scope;
use puntual::scheduler::{ScheduleErrorKind, SchedulerBuilder, Scheduling, SuppressionReason};
use puntual::store::TaskStoreExt;
use puntual::task::{
    Address, Channel, EmailAddress, PersonKey, PhoneNumber, Reason, Recipient, Task, TaskState,
    What,
};
use puntual::testing::{ScriptedNotifier, Step};
use puntual::{Reminder, Reminders, Scheduler};

use super::{Backend, DAY, Desk, booking, each_store, engine, jane, reminder};

each_store!(
    an_address_that_was_refused_for_good_is_left_alone_for_thirty_days,
    what_a_person_does_not_want_never_ends_by_itself_and_outlives_forgetting,
    a_suppressed_task_can_be_tried_again_or_go_to_another_address,
    an_address_that_only_the_resolver_knows_is_looked_up_before_it_is_used,
    nothing_readable_of_an_address_is_kept,
);

const NOW: &str = "2026-07-01T00:00:00Z";

/// A desk whose e-mail is played by a script; its phone is the memory notifier.
fn played(
    backend: &impl Backend,
    mail: &ScriptedNotifier,
    more: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder,
) -> Desk {
    let desk = Desk::at(backend, NOW);
    let builder = engine(&desk.store, &desk.clock, 3);
    let builder = builder.notifier(mail.clone()).notifier(desk.phone.clone());
    Desk { scheduler: more(builder).build().unwrap(), ..desk }
}

fn refusing(address: &str) -> ScriptedNotifier {
    let refused = Step::permanent("550 5.1.1").about(Scope::Recipient).before_gate();
    ScriptedNotifier::new(Channel::EMAIL).then_for(address, refused)
}

fn phone() -> PhoneNumber {
    "+4915112345678".parse().unwrap()
}

async fn last_reason(desk: &Desk, task: &Task) -> Option<Reason> {
    let history = desk.store.history_of(task.id).await.unwrap();
    history.last().unwrap().entry.reason.clone()
}

async fn an_address_that_was_refused_for_good_is_left_alone_for_thirty_days(backend: impl Backend) {
    let mail = refusing("jane@example.com");
    let desk = played(&backend, &mail, |builder| builder);
    let (_, refused) = desk.schedule(reminder("first").now()).await;
    desk.pass(Duration::ZERO).await;
    assert_eq!(last_reason(&desk, &desk.task(refused).await).await, Some(Reason::Permanent));

    let (_, waits) = desk.schedule(reminder("second").at(super::instant(NOW) + DAY)).await;
    let shown = desk.scheduler.explain(waits).await.unwrap().unwrap();
    assert_eq!(shown.blockers[0].what, Obstacle::Suppressed);
    let why = shown.to_string();
    assert!(why.contains("Its address is suppressed (550 5.1.1) since 2026-07-01"), "{why}");
    // Another engine on the store knows it too.
    let other = engine(&desk.store, &desk.clock, 9)
        .notifier(mail.clone())
        .notifier(desk.phone.clone())
        .build()
        .unwrap();
    let text = reminder("text").now().fallback(phone());
    let text = other.schedule(text).await.unwrap().id;
    let joe: EmailAddress = "joe@example.com".parse().unwrap();
    other.schedule(Reminder::new("k", &booking(2), joe).text("..").now()).await.unwrap();
    let report = other.run_until_idle().await.unwrap();
    assert_eq!((report.failed, report.sent), (1, 2), "the text and Joe's mail: {report:?}");
    let task = desk.task(text).await;
    assert_eq!((task.state, task.attempts), (TaskState::Failed, 0), "not attempted");
    assert_eq!(last_reason(&desk, &task).await, Some(Reason::Suppressed));
    assert_eq!(desk.phone.sent().len(), 1);
    assert_eq!(mail.journal().len(), 2, "the refusal and Joe's");
    let stats = other.stats().await.unwrap();
    let counted = stats.last_day.reasons.iter().map(|part| (part.reason.clone(), part.count));
    assert!(counted.collect::<Vec<_>>().contains(&(Some(Reason::Suppressed), 1)));

    desk.pass(DAY).await;
    assert_eq!(desk.task(waits).await.state, TaskState::Failed);
    assert_eq!(desk.pass(29 * DAY - Duration::from_secs(1)).await, 0);
    assert_eq!(desk.scheduler.suppressions(10).await.unwrap().len(), 1);
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.scheduler.suppressions(10).await.unwrap(), [], "thirty days are over");
    desk.schedule(reminder("third").now()).await;
    assert_eq!(desk.pass(Duration::ZERO).await, 1, "mailboxes come back");
    desk.scheduler.maintain().await.unwrap();
    let notes = desk.store.notes().unwrap().list_notes("suppressed/", 10).await.unwrap();
    assert_eq!(notes, [], "and what ended is taken away");
}

async fn what_a_person_does_not_want_never_ends_by_itself_and_outlives_forgetting(
    backend: impl Backend,
) {
    let mail = refusing("jane@example.com");
    let desk = played(&backend, &mail, |builder| builder);
    desk.schedule(reminder("refused").now()).await;
    desk.pass(Duration::ZERO).await;
    let kept = desk.scheduler.suppress(jane(), SuppressionReason::OptedOut).await.unwrap();
    assert_eq!((kept.reason, kept.until), (SuppressionReason::OptedOut, None));
    let kept = desk.scheduler.suppress(jane(), SuppressionReason::Undeliverable).await.unwrap();
    assert_eq!(kept.reason, SuppressionReason::OptedOut, "her word outlasts the provider's");

    let person = PersonKey::new("jane@example.com").unwrap();
    desk.scheduler.forget(&person).await.unwrap();
    desk.clock.advance(1_000 * DAY);
    desk.scheduler.maintain().await.unwrap();
    let capitals: EmailAddress = "Jane@Example.com".parse().unwrap();
    assert!(desk.scheduler.suppression(capitals.clone()).await.unwrap().is_some());
    let again = Reminder::new("k", &booking(1), capitals).text("..").now();
    let (_, id) = desk.schedule(again).await;
    assert_eq!(desk.pass(Duration::ZERO).await, 0);
    let task = desk.task(id).await;
    assert_eq!(task.state, TaskState::Failed);
    assert_eq!(last_reason(&desk, &task).await, Some(Reason::OptedOut));
    let by_text = Reminder::new("text", &booking(1), phone()).text("..").now();
    desk.schedule(by_text).await;
    assert_eq!(desk.pass(Duration::ZERO).await, 1, "she said nothing about her phone");
}

async fn a_suppressed_task_can_be_tried_again_or_go_to_another_address(backend: impl Backend) {
    let desk = played(&backend, &ScriptedNotifier::new(Channel::EMAIL), |builder| builder);
    desk.scheduler.suppress(jane(), SuppressionReason::Undeliverable).await.unwrap();
    let ask =
        |to: EmailAddress| Reminder::new("k", &booking(1), to).person("user 5").text("..").now();
    let (_, id) = desk.schedule(ask(jane())).await;
    assert_eq!(desk.pass(Duration::ZERO).await, 0);
    let corrected: EmailAddress = "jane@example.org".parse().unwrap();
    assert_eq!(desk.schedule(ask(corrected)).await, (Scheduling::Reopened, id));
    assert_eq!(desk.pass(Duration::ZERO).await, 1);

    let (_, other) = desk.schedule(reminder("other").now()).await;
    assert_eq!(desk.pass(Duration::ZERO).await, 0);
    assert!(desk.scheduler.unsuppress(jane()).await.unwrap().is_some());
    assert!(desk.scheduler.unsuppress(jane()).await.unwrap().is_none());
    desk.scheduler.retry(other).await.unwrap();
    assert_eq!(desk.pass(Duration::ZERO).await, 1);
    let told = [What::Scheduled, What::Failed, What::Reopened, What::Sent];
    assert_eq!(desk.story(other).await, told);
}

async fn an_address_that_only_the_resolver_knows_is_looked_up_before_it_is_used(
    backend: impl Backend,
) {
    let mail = ScriptedNotifier::new(Channel::EMAIL);
    let desk = played(&backend, &mail, |builder| {
        builder.resolver(|_task, _reference| async {
            Ok::<_, std::io::Error>(Some(Address::Email(jane())))
        })
    });
    let reference = || Recipient::reference(Channel::EMAIL, "user 5");
    let ask = |id| Reminder::new("k", &booking(id), reference()).text("..").now();
    desk.schedule(ask(1)).await;
    assert_eq!(desk.pass(Duration::ZERO).await, 1);
    desk.scheduler.suppress(jane(), SuppressionReason::OptedOut).await.unwrap();
    let (_, id) = desk.schedule(ask(2)).await;
    assert_eq!(desk.pass(Duration::ZERO).await, 0);
    assert_eq!(last_reason(&desk, &desk.task(id).await).await, Some(Reason::OptedOut));
    assert_eq!(mail.journal().len(), 1);

    let refused = desk.scheduler.suppress(reference(), SuppressionReason::OptedOut).await;
    assert_eq!(refused.unwrap_err().kind(), ScheduleErrorKind::Invalid);
}

async fn nothing_readable_of_an_address_is_kept(backend: impl Backend) {
    let desk = played(&backend, &ScriptedNotifier::new(Channel::EMAIL), |builder| builder);
    let scheduler: &Scheduler = &desk.scheduler;
    scheduler.suppress(jane(), SuppressionReason::OptedOut).await.unwrap();
    let notes = desk.store.notes().unwrap().list_notes("", 1_000).await.unwrap();
    assert!(notes.iter().any(|note| note.name.starts_with("suppressed/")));
    for note in notes {
        let all = format!("{} {}", note.name, note.text);
        assert!(!all.contains("jane") && !all.contains("example"), "{all}");
    }
}
