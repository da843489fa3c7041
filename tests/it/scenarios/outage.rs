//! Engines that were down, that were killed, and that have a backlog.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use puntual::notify::{
    Attempt, MemoryNotifier, Notification, Notifier, NotifyError, OnUncertain, Receipt,
};
use puntual::store::{TaskFilter, TaskStoreExt};
use puntual::task::{Channel, TaskState, What};
use puntual::{Reminder, Reminders};
use tokio::sync::Notify;

use super::{
    Backend, DAY, Desk, HOUR, MINUTE, booking, each_store, engine, instant, jane, reminder,
};

each_store!(
    after_a_downtime_what_is_over_expires_and_the_rest_goes_out_once_and_in_order,
    what_a_killed_worker_had_not_handed_off_is_sent_once_by_another,
    a_confirmation_passes_a_backlog,
    a_row_that_kills_its_worker_again_and_again_is_held,
);

/// Scenario 8: 10,000 due within 8 hours of downtime; a third of the events are over.
async fn after_a_downtime_what_is_over_expires_and_the_rest_goes_out_once_and_in_order(
    backend: impl Backend,
) {
    const ALL: u32 = 10_000;
    let desk = Desk::at(&backend, "2026-07-01T00:00:00Z");
    let start = instant("2026-07-02T00:00:00Z");
    let down = 8 * HOUR;
    for group in (0..ALL).collect::<Vec<_>>().chunks(1_000) {
        let ask = |id: &u32| {
            let due = start + down * *id / ALL;
            // Every third event takes place while the engine is down or just then.
            let ahead = if id.is_multiple_of(3) { MINUTE } else { DAY };
            let at = puntual::EventTime::instant(due + ahead).unwrap();
            Reminder::new("reminder", &booking(*id), jane())
                .person(format!("user {id}"))
                .text("..")
                .event(at)
                .before(ahead)
                .expiry(puntual::policy::ExpiryPolicy::at_event())
        };
        desk.scheduler.schedule_all(group.iter().map(ask).collect()).await.unwrap();
    }
    desk.clock.advance_to(start + down + MINUTE);
    let report = desk.scheduler.run_until_idle().await.unwrap();
    let over = ALL.div_ceil(3);
    assert_eq!((report.sent, report.expired), (ALL - over, over), "{report:?}");
    assert_eq!(report.claimed, ALL, "the sums match");

    let sent = desk.mailbox.sent();
    assert_eq!(sent.len(), (ALL - over) as usize);
    let mut expected: Vec<_> = sent.iter().map(|sent| sent.notification.due_at).collect();
    expected.sort_unstable();
    // Attempts run side by side, so neighbours may swap: by no more than one claim.
    for (place, sent) in sent.iter().enumerate() {
        let at = expected.partition_point(|due| *due < sent.notification.due_at);
        assert!(place.abs_diff(at) <= 1_000, "message {place} belongs to place {at}");
    }
    let mut states: BTreeMap<TaskState, u32> = BTreeMap::new();
    for task in desk.store.all(TaskFilter::default()).await.unwrap() {
        *states.entry(task.state).or_default() += 1;
    }
    assert_eq!(states, BTreeMap::from([(TaskState::Sent, ALL - over), (TaskState::Expired, over)]));
}

/// Hands off the first so many messages, then nothing ever comes back.
#[derive(Debug, Default)]
struct Stuck {
    hand_offs_left: AtomicUsize,
    stuck: AtomicUsize,
    all_stuck: Notify,
}

const STUCK: usize = 50;

#[async_trait]
impl Notifier for Stuck {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Resend { after: 15 * MINUTE }
    }

    fn concurrency(&self) -> usize {
        STUCK
    }

    async fn notify(&self, attempt: &Attempt, _: &Notification) -> Result<Receipt, NotifyError> {
        let take = |left: usize| left.checked_sub(1);
        let left = &self.hand_offs_left;
        if left.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).is_ok() {
            attempt.hand_off().await?;
        }
        if self.stuck.fetch_add(1, Ordering::AcqRel) + 1 == STUCK {
            self.all_stuck.notify_one();
        }
        std::future::pending().await
    }
}

/// Scenario 10: killed after claiming 50 rows, 20 of them handed off.
async fn what_a_killed_worker_had_not_handed_off_is_sent_once_by_another(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-07-01T00:00:00Z");
    let ask =
        |id| Reminder::new("k", &booking(id), jane()).person(format!("user {id}")).text("..").now();
    desk.scheduler.schedule_all((0..STUCK as u32).map(ask).collect()).await.unwrap();

    let stuck = Arc::new(Stuck { hand_offs_left: AtomicUsize::new(20), ..Stuck::default() });
    let killed = engine(&desk.store, &desk.clock, 2).notifier(stuck.clone()).build().unwrap();
    tokio::select! {
        biased;
        () = stuck.all_stuck.notified() => {} // and the round is dropped: the worker is dead
        report = killed.process_due(500) => panic!("nothing comes back: {report:?}"),
    }
    let handed_off = async || {
        let filter = TaskFilter::default().in_states([TaskState::Sending]);
        desk.store.all(filter).await.unwrap().len()
    };
    assert_eq!(handed_off().await, 20);
    assert_eq!(desk.pass(Duration::from_secs(29)).await, 0, "the leases still last");
    assert_eq!(desk.pass(Duration::from_secs(2)).await, 30, "what was not handed off, once");
    assert_eq!(handed_off().await, 0);
    assert_eq!(desk.pass(13 * MINUTE).await, 0, "the others wait: they may have arrived");
    assert_eq!(desk.pass(2 * MINUTE).await, 20, "and are sent again, once");
    assert_eq!(desk.pass(DAY).await, 0);

    let sent = desk.mailbox.sent();
    let keys: BTreeMap<_, _> = sent.iter().map(|sent| (sent.task, &sent.key)).collect();
    assert_eq!((sent.len(), keys.len()), (50, 50), "no reminder has two ids");
    let mut uncertain = 0;
    for sent in &sent {
        uncertain += u32::from(desk.story(sent.task).await.contains(&What::Uncertain));
    }
    assert_eq!(uncertain, 20, "and each that may have gone out twice says so");
}

/// Takes 100 ms of virtual time for each message, one at a time: 10 a second.
#[derive(Debug)]
struct Slow(MemoryNotifier);

#[async_trait]
impl Notifier for Slow {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Hold
    }

    fn concurrency(&self) -> usize {
        1
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> Result<Receipt, NotifyError> {
        let receipt = self.0.notify(attempt, notification).await?;
        Ok(receipt)
    }
}

/// Scenario 20: a backlog drains one by one, and what is asked for now is the next but one.
async fn a_confirmation_passes_a_backlog(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-07-01T00:00:00Z");
    let mailbox = MemoryNotifier::new(Channel::EMAIL);
    let slow = engine(&desk.store, &desk.clock, 2).notifier(Slow(mailbox.clone())).build().unwrap();
    let overdue = |id| {
        let due = instant("2026-07-01T00:00:01Z");
        Reminder::new("reminder", &booking(id), jane())
            .person(format!("user {id}"))
            .text("..")
            .at(due)
    };
    for group in 0..10 {
        let asks = (group * 1_000..(group + 1) * 1_000).map(overdue).collect();
        slow.schedule_all(asks).await.unwrap();
    }
    desk.clock.advance(HOUR);
    slow.process_due(500).await.unwrap();
    let before = mailbox.sent().len();
    assert!(before < 100, "the backlog is not drained: {before}");
    slow.schedule(reminder("confirmation").now()).await.unwrap();
    slow.process_due(500).await.unwrap();
    let place =
        mailbox.sent().iter().position(|sent| sent.notification.kind.as_str() == "confirmation");
    // At ten a second, ten messages are a second.
    assert!(place.unwrap() - before <= 10, "place {place:?} after {before}");
}

/// A row whose worker dies at each claim is held at the fourth, and the others go out.
async fn a_row_that_kills_its_worker_again_and_again_is_held(backend: impl Backend) {
    let desk = Desk::at(&backend, "2026-07-01T00:00:00Z");
    let (_, id) = desk.schedule(reminder("deadly").now()).await;
    for death in 0..3 {
        let stuck = Arc::new(Stuck { stuck: AtomicUsize::new(STUCK - 1), ..Stuck::default() });
        let killed =
            engine(&desk.store, &desk.clock, 10 + death).notifier(stuck.clone()).build().unwrap();
        tokio::select! {
            biased;
            () = stuck.all_stuck.notified() => {}
            report = killed.process_due(500) => panic!("death {death}: {report:?}"),
        }
        desk.clock.advance(31 * Duration::from_secs(1));
    }
    let innocent = Reminder::new("innocent", &booking(2), jane()).text("..").now();
    let (_, other) = desk.schedule(innocent).await;
    let report = desk.scheduler.run_until_idle().await.unwrap();
    assert_eq!((report.held, report.sent), (1, 1), "{report:?}");
    assert_eq!(desk.task(id).await.state, TaskState::Held);
    assert_eq!(desk.task(other).await.state, TaskState::Sent);
    assert_eq!(desk.story(id).await, [What::Scheduled, What::Held]);
    assert_eq!(desk.pass(2 * DAY).await, 0);
    assert_eq!(desk.task(id).await.state, TaskState::Expired, "nobody decided");
}
