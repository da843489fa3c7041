//! Stores that fail, once or for an hour, and hooks that fail: the engine goes on, nothing is
//! lost, and nothing is sent twice without saying so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use puntual::scheduler::{ScheduleError, Scheduling};
use puntual::store::{MemoryStore, StoreErrorKind, TaskFilter, TaskStoreExt};
use puntual::task::{Task, TaskState, What};
use puntual::testing::{Fault, FaultyStore, Operation, Stall, Step};
use puntual::{Reminder, Reminders};

use super::{Running, mailbox};
use crate::scenarios::{DAY, HOUR, MINUTE, booking, civil, jane, reminder};

/// Operations that the engine cannot work without; the others are for who asks and for duties.
const NEEDED: [Operation; 2] = [Operation::Probe, Operation::Claim];

/// How many tasks a day of a host makes.
const ASKED: usize = 8;

/// An engine on a store that can be told to fail.
struct Failing {
    store: FaultyStore<MemoryStore>,
    running: Running,
}

impl Failing {
    fn new() -> Failing {
        Self::with(mailbox())
    }

    fn with(mailbox: puntual::testing::ScriptedNotifier) -> Failing {
        let memory = MemoryStore::new();
        let store = FaultyStore::new(memory.clone());
        let running = Running::over(Arc::new(store.clone()), memory, mailbox);
        Failing { store, running }
    }

    async fn trouble(&self) -> Option<String> {
        let stats = self.running.scheduler.stats().await.unwrap();
        stats.trouble.map(|trouble| trouble.as_str().to_owned())
    }

    async fn tasks(&self) -> Vec<Task> {
        self.running.store.all(TaskFilter::default()).await.unwrap()
    }

    /// Asks as a host does: again, until it is answered.
    async fn ask<T>(&self, call: impl AsyncFn() -> Result<T, ScheduleError>) -> T {
        for _ in 0..100 {
            match call().await {
                Ok(answer) => return answer,
                Err(error) => assert!(error.invalid_field().is_none(), "{error}"),
            }
        }
        panic!("no answer in a hundred tries")
    }

    /// Asks for messages now and later, moves one, cancels one, and looks at the numbers.
    async fn a_day_of_a_host(&self) {
        let scheduler = &self.running.scheduler;
        let now = |id| {
            Reminder::new("confirmation", &booking(id), jane())
                .person(format!("user {id}"))
                .text("..")
                .now()
        };
        self.ask(async || scheduler.schedule_all((0..5).map(now).collect()).await).await;
        let later = |id| {
            let at = civil("2026-07-01T12:00", "UTC");
            Reminder::new("reminder", &booking(id), jane())
                .person(format!("user {id}"))
                .text("..")
                .event(at)
                .before(690 * MINUTE)
        };
        self.ask(async || scheduler.schedule_all((10..13).map(later).collect()).await).await;
        let moved = civil("2026-07-01T12:10", "UTC");
        self.ask(async || scheduler.move_subject(&booking(11), moved.clone()).await).await;
        self.ask(async || scheduler.cancel_subject(&booking(12)).await).await;
        self.ask(async || scheduler.stats().await).await;
    }

    /// Nothing is lost, and nothing went out twice without an entry that says why.
    async fn check(&self, place: &str, asked: usize) {
        let mut sent: BTreeMap<_, u32> = BTreeMap::new();
        for line in self.running.mailbox.accepted() {
            *sent.entry(line.task).or_default() += 1;
        }
        let tasks = self.tasks().await;
        assert_eq!(tasks.len(), asked, "{place}: one row for each ask");
        for task in tasks {
            let history = self.running.store.history_of(task.id).await.unwrap();
            let count = |what| history.iter().filter(|stored| stored.entry.what == what).count();
            let times = sent.remove(&task.id).unwrap_or_default() as usize;
            let expected = match task.subject == booking(12) {
                true => (TaskState::Cancelled, 0),
                false => (TaskState::Sent, 1),
            };
            let place = format!("{place}: {}, {history:?}", task.subject);
            assert_eq!(task.state, expected.0, "{place}");
            assert_eq!(times, expected.1 + count(What::Uncertain), "{place}");
            assert!(count(What::Sent) == expected.1, "{place}");
        }
        assert!(sent.is_empty(), "{place}");
    }
}

/// Each operation fails once, at its first call or at its second, in each way.
#[tokio::test]
async fn a_call_that_fails_once_is_repeated_and_nothing_is_lost_or_sent_twice() {
    let before = [StoreErrorKind::Conflict, StoreErrorKind::Transient, StoreErrorKind::Permanent]
        .map(|kind| (format!("before, {kind:?}"), Fault::before(kind)));
    let ways: Vec<(String, Fault)> =
        before.into_iter().chain([("after".to_owned(), Fault::after())]).collect();
    for operation in Operation::ALL {
        for (way, fault) in &ways {
            for skips in 0..2 {
                let place = format!("{operation:?} fails {way} after {skips} calls");
                let failing = Failing::new();
                failing.store.inject(operation, fault.skipping(skips));
                let handle = failing.running.scheduler.start();
                failing.running.clock.settle().await;
                failing.a_day_of_a_host().await;
                failing.running.clock.run_for(HOUR).await;
                failing.ask(async || failing.running.scheduler.stats().await).await;
                // Some are not called that often; each fails at its first call.
                let called = skips == 0 || failing.store.calls(operation) > skips;
                assert_eq!(failing.store.fired(operation), u64::from(called), "{place}");
                failing.check(&place, ASKED).await;
                assert_eq!(failing.trouble().await, None, "{place}");
                handle.shutdown(MINUTE).await;
            }
        }
    }
}

/// Each operation fails for an hour, in each way, while there is work; then all is made up for.
#[tokio::test]
async fn a_call_that_fails_for_an_hour_is_made_up_for_and_the_trouble_is_told() {
    for operation in Operation::ALL {
        for fault in [
            Fault::before(StoreErrorKind::Transient),
            Fault::before(StoreErrorKind::Conflict),
            Fault::after(),
        ] {
            let place = format!("{operation:?} fails for an hour: {fault:?}");
            let failing = Failing::new();
            let running = &failing.running;
            failing.a_day_of_a_host().await;
            failing.store.inject(operation, fault.from_now_on());
            let handle = running.scheduler.start();
            running.clock.run_for(HOUR).await;
            if NEEDED.contains(&operation) {
                let trouble = failing.trouble().await.unwrap_or_else(|| panic!("{place}"));
                assert!(trouble.contains("the test"), "{place}: {trouble}");
            }
            let tried = failing.store.calls(operation);
            assert!(tried <= 4_000, "{place}: it was called {tried} times");
            let late = || Reminder::new("late", &booking(20), jane()).text("..").now();
            let asked = running.scheduler.schedule(late()).await;
            assert_eq!(asked.is_err(), operation == Operation::Insert, "{place}: {asked:?}");
            failing.store.heal();
            failing.ask(async || running.scheduler.schedule(late()).await).await;
            running.clock.run_for(15 * MINUTE).await;
            failing.check(&place, ASKED + 1).await;
            assert_eq!(failing.trouble().await, None, "{place}");
            handle.shutdown(MINUTE).await;
        }
    }
}

/// Everything fails for a while: what was under way is recorded when the store is back, before
/// anybody takes its row for abandoned, whoever looks at the store first.
#[tokio::test]
async fn an_outage_loses_nothing_and_repeats_nothing() {
    outage_of(HOUR).await;
    for seconds in (0..30).step_by(3) {
        outage_of(5 * MINUTE + Duration::from_secs(seconds)).await;
    }
}

async fn outage_of(length: Duration) {
    let (in_flight, before_gate) = (Stall::new(), Stall::new());
    let script = mailbox()
        .then(Step::accept().stalled_by(&in_flight))
        .then(Step::accept().stalled_by(&in_flight))
        .then(Step::accept().before_gate().stalled_by(&before_gate));
    let failing = Failing::with(script);
    let running = &failing.running;
    let handle = running.scheduler.start();
    running.clock.settle().await;
    failing.a_day_of_a_host().await;
    in_flight.reached_by(2).await;
    before_gate.reached_by(1).await;

    failing.store.fail_all();
    running.clock.run_for(MINUTE).await;
    in_flight.release();
    before_gate.release();
    running.clock.run_for(length).await;
    assert!(running.scheduler.stats().await.is_err());
    let calls: u64 = Operation::ALL.iter().map(|op| failing.store.calls(*op)).sum();
    assert!(calls < 1_200, "it is left alone: {calls} calls");
    failing.store.heal();
    assert!(failing.trouble().await.unwrap().contains("the test said so"));

    running.clock.run_for(HOUR).await;
    failing.check(&format!("after an outage of {length:?}"), ASKED).await;
    for task in failing.tasks().await {
        let history = running.store.history_of(task.id).await.unwrap();
        let told = history.iter().all(|stored| stored.entry.what != What::Uncertain);
        assert!(told, "its outcome was known all the time: {history:?}");
    }
    assert_eq!(failing.trouble().await, None);
    handle.shutdown(MINUTE).await;
}

#[tokio::test]
async fn a_host_that_asks_again_after_a_lost_answer_has_the_same_task() {
    let failing = Failing::new();
    let (store, scheduler) = (&failing.store, &failing.running.scheduler);
    let at = || civil("2026-07-10T15:00", "UTC");
    let ask = || reminder("reminder").event(at()).before(DAY);

    store.inject(Operation::Insert, Fault::after());
    assert!(scheduler.schedule(ask()).await.is_err());
    let stored = failing.tasks().await;
    assert_eq!(stored.len(), 1);
    let again = scheduler.schedule(ask()).await.unwrap();
    assert_eq!((again.what, again.id), (Scheduling::Unchanged, stored[0].id));

    let later = civil("2026-07-12T15:00", "UTC");
    store.inject(Operation::Apply, Fault::after());
    assert!(scheduler.move_subject(&booking(1), later.clone()).await.is_err());
    let again = scheduler.move_subject(&booking(1), later).await.unwrap();
    assert_eq!((again[0].what, again[0].id), (Scheduling::Unchanged, stored[0].id));

    store.inject(Operation::Apply, Fault::after());
    assert!(scheduler.cancel(stored[0].id).await.is_err());
    let again = scheduler.cancel(stored[0].id).await.unwrap().unwrap();
    assert_eq!(again.state, TaskState::Cancelled);

    assert_eq!(store.fired(Operation::Insert) + store.fired(Operation::Apply), 3);
    let history = failing.running.store.history_of(stored[0].id).await.unwrap();
    let story: Vec<What> = history.iter().map(|stored| stored.entry.what).collect();
    assert_eq!(story, [What::Scheduled, What::Moved, What::Cancelled], "each once");
}

/// An idle engine leaves its database alone.
#[tokio::test]
async fn an_idle_engine_makes_at_most_two_calls_a_minute() {
    const HOURS: u32 = 6;
    let failing = Failing::new();
    let handle = failing.running.scheduler.start();
    let tomorrow = reminder("reminder").at(failing.running.clock.now() + DAY);
    failing.running.scheduler.schedule(tomorrow).await.unwrap();
    failing.running.clock.settle().await;
    let calls = || -> u64 { Operation::ALL.iter().map(|op| failing.store.calls(*op)).sum() };
    let before = calls();
    failing.running.clock.run_for(HOURS * HOUR).await;
    let made = calls() - before;
    let by_operation: Vec<_> =
        Operation::ALL.iter().map(|op| (*op, failing.store.calls(*op))).collect();
    assert!(made <= u64::from(2 * 60 * HOURS), "{made} calls: {by_operation:?}");
    assert!(failing.store.calls(Operation::Claim) >= u64::from(60 * HOURS), "and it looks");
    handle.shutdown(Duration::from_secs(1)).await;
}
