//! What the tests of a host look like: with mockall, and with tokio-test.

use async_trait::async_trait;
use mockall::mock;
use mockall::predicate::{always, eq};
use puntual::notify::{Attempt, Notification, Notifier, NotifyError, OnUncertain, Receipt};
use puntual::scheduler::{CancelOutcome, ScheduleOutcome};
use puntual::store::MemoryStore;
use puntual::task::{Channel, PersonKey, Subject, TaskId};
use puntual::{EventTime, Reminder, Reminders, ScheduleError, Scheduler};
use tokio_test::{assert_pending, assert_ready, task};

use crate::scenarios::{DAY, civil, jane};

mock! {
    #[derive(Debug)]
    Desk {}

    #[async_trait]
    impl Reminders for Desk {
        async fn schedule(&self, reminder: Reminder) -> Result<ScheduleOutcome, ScheduleError>;
        async fn schedule_all(
            &self,
            reminders: Vec<Reminder>,
        ) -> Result<Vec<ScheduleOutcome>, ScheduleError>;
        async fn move_subject(
            &self,
            subject: &Subject,
            event: EventTime,
        ) -> Result<Vec<ScheduleOutcome>, ScheduleError>;
        async fn cancel_subject(
            &self,
            subject: &Subject,
        ) -> Result<Vec<CancelOutcome>, ScheduleError>;
        async fn cancel_person(
            &self,
            person: &PersonKey,
        ) -> Result<Vec<CancelOutcome>, ScheduleError>;
        async fn cancel(&self, id: TaskId) -> Result<Option<CancelOutcome>, ScheduleError>;
    }
}

mock! {
    #[derive(Debug)]
    Mail {}

    #[async_trait]
    impl Notifier for Mail {
        fn channel(&self) -> Channel;
        fn on_uncertain(&self) -> OnUncertain;
        async fn notify(
            &self,
            attempt: &Attempt,
            notification: &Notification,
        ) -> Result<Receipt, NotifyError>;
    }
}

/// A handler of a host: it takes the port, so that a test can hand it a mock.
async fn book(reminders: &dyn Reminders, id: u32) -> Result<usize, ScheduleError> {
    let about = Subject::new("booking", id);
    let at = civil("2026-07-10T15:00", "Europe/Berlin");
    let ask = |kind: &str| Reminder::new(kind, &about, jane()).event(at.clone());
    let all = vec![ask("confirmation").now(), ask("reminder_24h").before(DAY)];
    Ok(reminders.schedule_all(all).await?.len())
}

#[tokio::test]
async fn a_handler_is_tested_against_a_mock_of_the_port() {
    let mut desk = MockDesk::new();
    desk.expect_schedule_all()
        .withf(|asked| asked.len() == 2)
        .times(1)
        .returning(|_| Ok(Vec::new()));
    desk.expect_cancel_subject()
        .with(eq(Subject::new("booking", 7)))
        .times(1)
        .returning(|_| Ok(Vec::new()));
    assert_eq!(book(&desk, 7).await.unwrap(), 0);
    desk.cancel_subject(&Subject::new("booking", 7)).await.unwrap();
}

#[tokio::test]
async fn an_engine_is_tested_with_a_mock_notifier() {
    let mut mail = MockMail::new();
    mail.expect_channel().returning(|| Channel::EMAIL);
    mail.expect_on_uncertain().returning(|| OnUncertain::Hold);
    mail.expect_notify()
        .with(always(), always())
        .withf(|_, notification| notification.kind.as_str() == "confirmation")
        .times(1)
        .returning(|_, _| Err(NotifyError::permanent("550", "no such user")));
    let scheduler = Scheduler::builder(MemoryStore::new()).notifier(mail).build().unwrap();
    let about = Subject::new("booking", 1);
    let ask = Reminder::new("confirmation", &about, jane()).text("You are booked.").now();
    scheduler.schedule(ask).await.unwrap();
    let report = scheduler.run_until_idle().await.unwrap();
    assert_eq!((report.claimed, report.failed), (1, 1));
}

/// With tokio-test a future is polled by hand: what it waits for is seen step by step.
#[test]
fn an_attempt_is_polled_by_hand_up_to_the_gate_and_beyond() {
    use puntual::testing::{ScriptedNotifier, Stall, Step, attempt, notification};
    let stall = Stall::new();
    let notifier = ScriptedNotifier::new(Channel::EMAIL).then(Step::accept().stalled_by(&stall));
    let test = attempt().build();
    let message = notification(jane(), "You are booked.");
    let mut call = task::spawn(notifier.notify(&test, &message));
    assert_pending!(call.poll());
    assert_eq!(test.hand_offs(), 1, "it stalls behind the gate");
    stall.release();
    assert!(call.is_woken());
    let receipt = assert_ready!(call.poll()).unwrap();
    assert!(!receipt.evidence().reply.is_empty());
}
