//! Attempts that fail: what is tried again, what ends, what is held, what falls back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use puntual::notify::{
    Attempt, MemoryNotifier, Notification, Notifier, NotifyError, OnUncertain, Receipt,
};
use puntual::scheduler::{Paused, Resolution, Scheduling};
use puntual::store::TaskStoreExt;
use puntual::task::{Channel, PhoneNumber, Reason, TaskState, What};
use puntual::{Reminder, Reminders};

use super::{Backend, DAY, Desk, HOUR, MINUTE, booking, civil, each_store, engine, jane, reminder};

each_store!(
    a_transient_failure_is_tried_again_by_the_policy_until_attempts_or_time_are_used_up,
    a_provider_that_asks_to_wait_is_not_asked_before,
    a_permanent_failure_falls_back_to_the_next_way_with_the_time_that_is_left,
    an_answer_that_was_lost_is_repeated_once_with_the_same_key_and_then_held,
    where_a_repeat_costs_too_much_it_is_held_until_a_person_decides,
    a_channel_that_is_down_spends_no_attempts_and_delivers_all_when_it_is_back,
    a_panic_before_the_gate_is_a_failure_and_after_it_an_open_question,
    a_paused_channel_waits_and_a_resumed_one_goes_on,
    a_failed_task_can_be_tried_again_by_hand,
);

/// What the notifier does with one message.
#[derive(Debug, Clone)]
enum Act {
    Accept,
    Transient,
    RetryAfter(Duration),
    Permanent,
    Lost,
    Down,
    Panic,
    PanicAfterGate,
}

/// Plays a script, then accepts; keeps what it accepted.
#[derive(Debug, Clone)]
struct Scripted {
    acts: Arc<Mutex<VecDeque<Act>>>,
    uncertain: OnUncertain,
    accepted: MemoryNotifier,
    attempts: Arc<Mutex<Vec<(u32, String)>>>,
}

impl Scripted {
    fn new(uncertain: OnUncertain, acts: impl IntoIterator<Item = Act>) -> Scripted {
        Scripted {
            acts: Arc::new(Mutex::new(acts.into_iter().collect())),
            uncertain,
            accepted: MemoryNotifier::new(Channel::EMAIL),
            attempts: Arc::default(),
        }
    }
}

#[async_trait]
impl Notifier for Scripted {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        self.uncertain
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> Result<Receipt, NotifyError> {
        self.attempts.lock().unwrap().push((attempt.number(), attempt.idempotency_key()));
        let act = self.acts.lock().unwrap().pop_front().unwrap_or(Act::Accept);
        match act {
            Act::Accept => self.accepted.notify(attempt, notification).await,
            Act::Transient => Err(NotifyError::transient("451", "try later")),
            Act::RetryAfter(wait) => {
                Err(NotifyError::transient("451", "greylisted").retry_after(wait))
            }
            Act::Permanent => Err(NotifyError::permanent("550 5.1.1", "no such user")),
            Act::Lost => {
                attempt.hand_off().await?;
                Err(NotifyError::uncertain("cut", "the connection was cut after the last byte"))
            }
            Act::Down => Err(NotifyError::channel_down("535", "wrong password")),
            Act::Panic => panic!("a bug of the host"),
            Act::PanicAfterGate => {
                attempt.hand_off().await?;
                panic!("a bug of the host")
            }
        }
    }
}

const RESEND: OnUncertain = OnUncertain::Resend { after: Duration::from_secs(15 * 60) };
const NOW: &str = "2026-07-01T00:00:00Z";

/// A desk over `backend` whose e-mail is played by `script`; its phone is the memory notifier.
fn played(backend: &impl Backend, script: &Scripted) -> Desk {
    let desk = Desk::at(backend, NOW);
    let scheduler = engine(&desk.store, &desk.clock, 3)
        .notifier(script.clone())
        .notifier(desk.phone.clone())
        .build()
        .unwrap();
    Desk { scheduler, ..desk }
}

async fn a_transient_failure_is_tried_again_by_the_policy_until_attempts_or_time_are_used_up(
    backend: impl Backend,
) {
    let script = Scripted::new(RESEND, vec![Act::Transient; 30]);
    let desk = played(&backend, &script);
    let fixed = puntual::policy::RetryPolicy::fixed(3, MINUTE).unwrap();
    let (_, id) = desk.schedule(reminder("fixed").now().retry(fixed)).await;
    for _ in 0..60 {
        desk.pass(MINUTE).await;
    }
    let task = desk.task(id).await;
    assert_eq!((task.state, task.attempts), (TaskState::Failed, 3));
    let retried = [What::Scheduled, What::Retried, What::Retried, What::Failed];
    assert_eq!(desk.story(id).await, retried);
    let history = desk.store.history_of(id).await.unwrap();
    assert_eq!(history[3].entry.reason, Some(Reason::AttemptsUsedUp));
    assert_eq!(history[3].entry.code.as_ref().unwrap().as_str(), "451");

    let short = reminder("short").event(civil("2026-07-01T01:30", "UTC")).now();
    let short = short.expiry(puntual::policy::ExpiryPolicy::at_event());
    let (_, id) = desk.schedule(short).await;
    for _ in 0..60 {
        desk.pass(MINUTE).await;
    }
    let task = desk.task(id).await;
    assert_eq!(task.state, TaskState::Expired, "{task:?}");
}

async fn a_provider_that_asks_to_wait_is_not_asked_before(backend: impl Backend) {
    let script = Scripted::new(RESEND, [Act::RetryAfter(2 * HOUR)]);
    let desk = played(&backend, &script);
    let (_, id) = desk.schedule(reminder("confirmation").now()).await;
    assert_eq!(desk.pass(Duration::ZERO).await, 0);
    let waits = desk.task(id).await.wake_at.unwrap() - super::instant(NOW);
    assert!(waits.to_std().unwrap() >= 2 * HOUR);
    assert_eq!(desk.pass(2 * HOUR - MINUTE).await, 0);
    assert_eq!(desk.pass(HOUR).await, 1);
}

/// Scenario 13, the engine's part of it.
async fn a_permanent_failure_falls_back_to_the_next_way_with_the_time_that_is_left(
    backend: impl Backend,
) {
    let script = Scripted::new(RESEND, [Act::Permanent]);
    let desk = played(&backend, &script);
    let phone: PhoneNumber = "+4915112345678".parse().unwrap();
    let ask = reminder("reminder").now().fallback(phone);
    let (_, id) = desk.schedule(ask).await;
    let report = desk.scheduler.run_until_idle().await.unwrap();
    assert_eq!((report.failed, report.sent), (1, 1), "{report:?}");
    let failed = desk.task(id).await;
    assert_eq!(failed.state, TaskState::Failed);
    let texted = desk.phone.sent();
    assert_eq!(texted.len(), 1);
    assert_eq!(texted[0].notification.recipient.address().as_str(), "+4915112345678");
    assert_eq!(texted[0].notification.expires_at, failed.expires_at);
    assert_ne!(texted[0].task, id, "the fallback is a task of its own");
}

/// Scenario 11, the engine's part of it.
async fn an_answer_that_was_lost_is_repeated_once_with_the_same_key_and_then_held(
    backend: impl Backend,
) {
    let script = Scripted::new(RESEND, [Act::Lost, Act::Lost]);
    let desk = played(&backend, &script);
    let (_, id) = desk.schedule(reminder("confirmation").now()).await;
    desk.pass(Duration::ZERO).await;
    desk.pass(14 * MINUTE).await;
    assert_eq!(script.attempts.lock().unwrap().len(), 1, "not before 15 minutes");
    desk.pass(MINUTE).await;
    let keys: Vec<String> = script.attempts.lock().unwrap().iter().map(|a| a.1.clone()).collect();
    assert_eq!(keys, [format!("{id}.1"), format!("{id}.1")], "the same key");
    desk.pass(2 * HOUR).await;
    assert_eq!(script.attempts.lock().unwrap().len(), 2, "once");
    assert_eq!(desk.task(id).await.state, TaskState::Held);
    let resolved = desk.scheduler.resolve(id, Resolution::Resend).await.unwrap().unwrap();
    assert_eq!(resolved.state, TaskState::Scheduled);
    assert_eq!(desk.pass(Duration::ZERO).await, 1);
    assert_eq!(script.accepted.sent()[0].key, format!("{id}.1"));
}

async fn where_a_repeat_costs_too_much_it_is_held_until_a_person_decides(backend: impl Backend) {
    let script = Scripted::new(OnUncertain::Hold, [Act::Lost, Act::Lost]);
    let desk = played(&backend, &script);
    let (_, arrived) = desk.schedule(reminder("arrived").now()).await;
    let (_, open) = desk.schedule(reminder("open").now()).await;
    desk.pass(Duration::ZERO).await;
    let resolved = desk.scheduler.resolve(arrived, Resolution::Sent).await.unwrap().unwrap();
    assert_eq!(resolved.state, TaskState::Sent);
    assert_eq!(desk.task(open).await.state, TaskState::Held);
    desk.pass(2 * DAY).await;
    let task = desk.task(open).await;
    assert_eq!((task.state, task.attempts), (TaskState::Expired, 1));
    let history = desk.store.history_of(open).await.unwrap();
    assert_eq!(history.last().unwrap().entry.reason, Some(Reason::HeldTooLong));
    assert_eq!(script.attempts.lock().unwrap().len(), 2, "nothing was repeated");
}

/// Scenario 12, the engine's part of it.
async fn a_channel_that_is_down_spends_no_attempts_and_delivers_all_when_it_is_back(
    backend: impl Backend,
) {
    let script = Scripted::new(RESEND, vec![Act::Down; 10_000]);
    let desk = played(&backend, &script);
    let ask =
        |id| Reminder::new("k", &booking(id), jane()).person(format!("user {id}")).text("..").now();
    let outcomes = desk.scheduler.schedule_all((0..200).map(ask).collect()).await.unwrap();
    for _ in 0..60 {
        assert_eq!(desk.pass(MINUTE).await, 0);
    }
    let tried = script.attempts.lock().unwrap().len();
    assert!(tried < 100, "the breaker keeps the channel alone: {tried} attempts in an hour");
    for outcome in &outcomes {
        let task = desk.task(outcome.id).await;
        assert_eq!((task.state, task.attempts), (TaskState::Scheduled, 0));
    }
    script.acts.lock().unwrap().clear();
    let mut sent = 0;
    for _ in 0..10 {
        sent += desk.pass(MINUTE).await;
    }
    assert_eq!(sent, 200, "the password is right again");
}

async fn a_panic_before_the_gate_is_a_failure_and_after_it_an_open_question(backend: impl Backend) {
    let script = Scripted::new(RESEND, [Act::Panic]);
    let desk = played(&backend, &script);
    let (_, before) = desk.schedule(reminder("before").now()).await;
    desk.pass(Duration::ZERO).await;
    script.acts.lock().unwrap().push_back(Act::PanicAfterGate);
    let (_, after) = desk.schedule(reminder("after").now()).await;
    desk.pass(Duration::ZERO).await;
    assert_eq!(desk.story(before).await, [What::Scheduled, What::Retried]);
    assert_eq!(desk.story(after).await, [What::Scheduled, What::Uncertain]);
    let mut sent = 0;
    for _ in 0..20 {
        sent += desk.pass(MINUTE).await;
    }
    assert_eq!(sent, 2, "and the engine goes on");
}

async fn a_paused_channel_waits_and_a_resumed_one_goes_on(backend: impl Backend) {
    let script = Scripted::new(RESEND, []);
    let desk = played(&backend, &script);
    let (channel, kind) =
        (Paused::Channel(Channel::EMAIL), Paused::Kind(puntual::task::Kind::new("quiet").unwrap()));
    desk.scheduler.pause(channel.clone()).await.unwrap();
    let (_, id) = desk.schedule(reminder("confirmation").now()).await;
    for _ in 0..10 {
        assert_eq!(desk.pass(MINUTE).await, 0);
    }
    assert_eq!(desk.story(id).await, [What::Scheduled], "it was not even touched");
    desk.scheduler.resume(&channel).await.unwrap();
    assert_eq!(desk.pass(Duration::ZERO).await, 1);

    desk.scheduler.pause(kind.clone()).await.unwrap();
    desk.schedule(reminder("quiet").now()).await;
    desk.schedule(reminder("loud").now()).await;
    assert_eq!(desk.pass(Duration::ZERO).await, 1, "only the other kind");
    desk.scheduler.resume(&kind).await.unwrap();
    assert_eq!(desk.pass(MINUTE).await, 1);
}

async fn a_failed_task_can_be_tried_again_by_hand(backend: impl Backend) {
    let script = Scripted::new(RESEND, [Act::Permanent]);
    let desk = played(&backend, &script);
    let (_, id) = desk.schedule(reminder("confirmation").now()).await;
    desk.pass(Duration::ZERO).await;
    assert_eq!(desk.task(id).await.state, TaskState::Failed);
    let again = desk.scheduler.retry(id).await.unwrap().unwrap();
    assert_eq!(again.what, Scheduling::Reopened);
    assert_eq!(desk.pass(Duration::ZERO).await, 1);
    assert!(desk.scheduler.retry(id).await.is_err(), "what was sent is sent");
    assert_eq!(script.accepted.sent()[0].key, format!("{id}.2"), "a new message");
}
