//! What a host asks: inside its transaction, with a guard, with nonsense, twice.

use puntual::scheduler::{GuardAnswer, ScheduleErrorKind, Scheduling};
use puntual::store::{TaskFilter, TaskStoreExt};
use puntual::task::{Reason, Recipient, TaskState, What};
use puntual::{Reminder, Reminders};

use super::{Backend, DAY, Desk, HOUR, booking, civil, each_store, instant, jane, reminder};

each_store!(
    what_is_rolled_back_was_never_asked_and_what_is_committed_goes_out,
    a_guard_that_says_no_keeps_the_message_and_its_words_are_kept,
    a_guard_can_put_off_or_know_another_time,
    scheduling_twice_changes_nothing_and_scheduling_differently_updates_in_place,
    a_skipped_reminder_that_is_asked_for_at_once_is_sent,
    each_sort_of_nonsense_is_refused_by_its_field_and_nothing_is_stored,
    hundreds_of_reminders_are_scheduled_in_one_call_and_answered_in_order,
);

/// Scenario 4.
async fn what_is_rolled_back_was_never_asked_and_what_is_committed_goes_out(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-07-01T00:00:00Z");
    let both = |id| {
        let ask = |kind: &str| Reminder::new(kind, &booking(id), jane()).text("..");
        let at = civil("2026-07-10T15:00", "UTC");
        vec![ask("confirmation").event(at.clone()).now(), ask("reminder").event(at).before(DAY)]
    };
    backend.within(&desk.scheduler, both(1), false).await;
    assert_eq!(desk.pass(HOUR).await, 0);
    let none = desk.store.all(TaskFilter::subject(booking(1))).await.unwrap();
    assert!(none.is_empty(), "rolled back: for ever");

    backend.within(&desk.scheduler, both(2), true).await;
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1, "the confirmation");
    backend.within(&desk.scheduler, both(2), true).await;
    assert_eq!(desk.store.all(TaskFilter::default()).await.unwrap().len(), 2, "once each");
}

/// Scenario 7.
async fn a_guard_that_says_no_keeps_the_message_and_its_words_are_kept(backend: impl Backend) {
    let desk = Desk::with(&backend, "2026-07-01T00:00:00Z", |builder| {
        builder.guard(|_task| async {
            Ok::<_, std::io::Error>(GuardAnswer::Skip("the court is closed".into()))
        })
    });
    let (_, id) = desk.schedule(reminder("confirmation").now()).await;
    let report = desk.scheduler.run_until_idle().await.unwrap();
    assert_eq!((report.sent, report.skipped), (0, 1));
    let history = desk.store.history_of(id).await.unwrap();
    let last = &history.last().unwrap().entry;
    assert_eq!(last.reason, Some(Reason::Guard));
    assert_eq!(last.detail.as_ref().unwrap().as_str(), "the court is closed");
    assert!(desk.mailbox.sent().is_empty());
}

async fn a_guard_can_put_off_or_know_another_time(backend: impl Backend) {
    let desk = Desk::with(&backend, "2026-07-09T15:00:00Z", |builder| {
        builder.guard(|task: std::sync::Arc<puntual::task::Task>| async move {
            let moved = civil("2026-07-20T15:00", "UTC");
            Ok::<_, std::io::Error>(match task.kind.as_str() {
                "deferred" if task.revision.0 < 3 => {
                    GuardAnswer::Defer(instant("2026-07-09T17:00:00Z"))
                }
                "moved" => GuardAnswer::Moved(moved),
                _ => GuardAnswer::Send,
            })
        })
    });
    let at = || civil("2026-07-10T15:00", "UTC");
    let (_, deferred) = desk.schedule(reminder("deferred").event(at()).before(DAY)).await;
    let (_, moved) = desk.schedule(reminder("moved").event(at()).before(DAY)).await;
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 0);
    assert_eq!(desk.task(deferred).await.wake_at, Some(instant("2026-07-09T17:00:00Z")));
    assert_eq!(desk.task(moved).await.due_at, instant("2026-07-19T15:00:00Z"));
    assert_eq!(desk.pass(2 * HOUR).await, 1, "the deferred one");
    assert_eq!(desk.pass(10 * DAY - 2 * HOUR).await, 1, "the moved one, at its new time");
    assert_eq!(desk.story(moved).await, [What::Scheduled, What::Moved, What::Sent]);
}

async fn scheduling_twice_changes_nothing_and_scheduling_differently_updates_in_place(
    backend: impl Backend,
) {
    let desk = Desk::at(&backend, "2026-07-01T00:00:00Z");
    let ask = || reminder("reminder").event(civil("2026-07-10T15:00", "UTC"));
    let (_, id) = desk.schedule(ask().before(DAY)).await;
    assert_eq!(desk.schedule(ask().before(DAY)).await, (Scheduling::Unchanged, id));
    assert_eq!(desk.schedule(ask().before(2 * DAY)).await, (Scheduling::Updated, id));
    assert_eq!(desk.task(id).await.due_at, instant("2026-07-08T15:00:00Z"));
    assert_eq!(desk.schedule(ask().before(2 * DAY).text("new")).await, (Scheduling::Updated, id));
    desk.scheduler.cancel(id).await.unwrap();
    let same = || ask().before(2 * DAY).text("new");
    assert_eq!(desk.schedule(same()).await, (Scheduling::Reopened, id), "the newest word counts");
    desk.clock.advance_to(instant("2026-07-08T15:00:00Z"));
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    assert_eq!(desk.schedule(same()).await, (Scheduling::Unchanged, id), "also after it was sent");
    assert_eq!(desk.schedule(ask().before(DAY).text("new")).await, (Scheduling::Updated, id));
    assert_eq!(desk.task(id).await.state, TaskState::Sent, "a finished row stays finished");
    assert_eq!(desk.pass(20 * DAY).await, 0);
}

async fn a_skipped_reminder_that_is_asked_for_at_once_is_sent(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-07-10T10:00:00Z");
    let past = civil("2026-07-10T09:00", "UTC");
    let (what, id) = desk.schedule(reminder("k").event(past).before(DAY)).await;
    assert_eq!(what, Scheduling::Skipped);
    let ahead = civil("2026-07-12T09:00", "UTC");
    assert_eq!(desk.schedule(reminder("k").event(ahead).now()).await, (Scheduling::Moved, id));
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
}

async fn each_sort_of_nonsense_is_refused_by_its_field_and_nothing_is_stored(
    backend: impl Backend,
) {
    let desk = Desk::at(&backend, "2026-07-01T00:00:00Z");
    let at = || civil("2026-07-10T15:00", "UTC");
    let about = booking(1);
    let pager = puntual::task::Channel::new("pager").unwrap();
    let long = "x".repeat(300);
    let nonsense: Vec<(Reminder, &str)> = vec![
        (Reminder::new("", &about, jane()).text("..").now(), "kind"),
        (Reminder::new("a\0b", &about, jane()).text("..").now(), "kind"),
        (Reminder::new("k", &puntual::task::Subject::new("", 1), jane()).now(), "subject kind"),
        (Reminder::new("k", &puntual::task::Subject::new("b", ""), jane()).now(), "subject id"),
        (Reminder::new("k", &about, Recipient::custom(pager.clone(), "")).now(), "address"),
        (Reminder::new("k", &about, Recipient::custom(pager, "7")).text("..").now(), "channel"),
        (Reminder::new("k", &about, Recipient::from(jane()).named(&*long)).now(), "name"),
        (Reminder::new("k", &about, Recipient::from(jane()).named("a\0")).now(), "name"),
        (reminder("k"), "trigger"),
        (reminder("k").before(DAY), "event"),
        (reminder("k").event(at()).at(instant("2026-07-09T15:00:00Z")), "at"),
        (reminder("k").event(at()).days_before(1).at("9 o'clock"), "at"),
        (reminder("k").event(at()).before(std::time::Duration::ZERO), "trigger"),
        (reminder("k").event(at()).before(DAY).before(HOUR), "trigger"),
        (reminder("k").event(at()).days_before(0).at("16:00"), "trigger"),
        (reminder("k").event(civil("2040-01-01T12:00", "UTC")).before(DAY), "event"),
        (reminder("k").at(instant("2040-01-01T12:00:00Z")), "due"),
        (reminder("k").now().text(""), "text"),
        (reminder("k").now().text("x".repeat(70_000)), "body"),
        (reminder("k").now().data(&"x".repeat(70_000)), "data"),
        (reminder("k").now().data(&"x\0"), "data"),
        (reminder("k").now().template("booking_reminder"), "template"),
        (reminder("k").now().template("../etc/passwd"), "template"),
        (reminder("k").now().person(&*long), "person"),
        (Reminder::new("k", &about, Recipient::from(jane()).named("a\u{2028}")).now(), "name"),
        (reminder("k").now().from("a\r\nBcc: b@x.example"), "from"),
        (reminder("k").now().from("the desk"), "from"),
        (reminder("k").now().from(format!("{long} <desk@x.example>")), "from"),
        (reminder("k").now().reply_to("a@x.example, b@x.example"), "reply_to"),
        (reminder("k").now().reply_to("a\u{2028} <a@x.example>"), "reply_to"),
        (reminder("k").now().reply_to(""), "reply_to"),
        (reminder("k").now().locale("spanish!"), "locale"),
        (reminder("k").now().locale(""), "locale"),
    ];
    for (at, (ask, field)) in nonsense.into_iter().enumerate() {
        let good = reminder("good").now();
        let error = desk.scheduler.schedule_all(vec![good, ask]).await.unwrap_err();
        assert_eq!(error.kind(), ScheduleErrorKind::Invalid, "row {at}: {error}");
        assert_eq!(error.invalid_field().unwrap().field(), field, "row {at}: {error}");
        assert_eq!(error.index(), Some(1), "row {at}");
    }
    let twice = vec![reminder("k").now(), reminder("k").now().text("other")];
    let error = desk.scheduler.schedule_all(twice).await.unwrap_err();
    assert_eq!(error.invalid_field().unwrap().field(), "kind");
    let many = vec![reminder("k").now(); 1_001];
    let error = desk.scheduler.schedule_all(many).await.unwrap_err();
    assert_eq!(error.invalid_field().unwrap().field(), "reminders");
    assert!(desk.store.all(TaskFilter::default()).await.unwrap().is_empty(), "nothing is stored");
}

async fn hundreds_of_reminders_are_scheduled_in_one_call_and_answered_in_order(
    backend: impl Backend,
) {
    let desk = Desk::at(&backend, "2026-07-01T00:00:00Z");
    let asks: Vec<Reminder> = (0..700)
        .map(|id| {
            Reminder::new("k", &booking(id), jane()).person(format!("user {id}")).text("..").now()
        })
        .collect();
    let outcomes = desk.scheduler.schedule_all(asks.clone()).await.unwrap();
    assert_eq!(outcomes.len(), 700);
    for (at, outcome) in outcomes.iter().enumerate() {
        assert_eq!(desk.task(outcome.id).await.subject.id(), at.to_string());
    }
    let again = desk.scheduler.schedule_all(asks).await.unwrap();
    assert!(again.iter().all(|outcome| outcome.what == Scheduling::Unchanged));
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 700);
}
