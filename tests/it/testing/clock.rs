//! The virtual clock: never early, nobody forgotten, and a started engine that lives by it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use puntual::notify::MemoryNotifier;
use puntual::store::MemoryStore;
use puntual::task::{Channel, EmailAddress, Subject};
use puntual::testing::{ScriptedNotifier, Step, VirtualClock};
use puntual::time::{Clock, FIRST_INSTANT, LAST_INSTANT};
use puntual::{EventTime, Reminder, Reminders, Scheduler};

const NOON: &str = "2026-07-10T12:00:00Z";
const HOUR: Duration = Duration::from_secs(60 * 60);

type Log = Arc<Mutex<Vec<(&'static str, DateTime<Utc>)>>>;

fn after(clock: &VirtualClock, seconds: u64) -> DateTime<Utc> {
    clock.now() + Duration::from_secs(seconds)
}

/// Sleeps until then, and notes what the clock showed when it woke.
fn sleeper(clock: &VirtualClock, name: &'static str, until: DateTime<Utc>, log: &Log) {
    let (clock, log) = (clock.clone(), log.clone());
    tokio::spawn(async move {
        clock.sleep_until(until).await;
        log.lock().unwrap().push((name, clock.now()));
    });
}

#[tokio::test]
async fn a_jump_wakes_those_whose_deadline_has_passed() {
    let clock = VirtualClock::at(NOON);
    let log = Log::default();
    for (name, seconds) in [("late", 60), ("just", 10), ("early", 5), ("past", 0)] {
        sleeper(&clock, name, after(&clock, seconds), &log);
    }
    clock.settle().await;
    assert_eq!(*log.lock().unwrap(), [("past", clock.now())]);
    assert_eq!(clock.next_deadline(), Some(after(&clock, 5)));

    let end = after(&clock, 10);
    clock.advance(Duration::from_micros(9_999_999));
    clock.advance(Duration::from_micros(1));
    clock.settle().await;
    let woken: Vec<_> = log.lock().unwrap().drain(1..).collect();
    assert_eq!(woken, [("early", end), ("just", end)], "the earliest deadline first");
    assert_eq!(clock.next_deadline(), Some(after(&clock, 50)));
}

#[tokio::test]
async fn running_stops_at_every_deadline_on_the_way() {
    let clock = VirtualClock::at(NOON);
    let log = Log::default();
    let (start, inner) = (clock.now(), (clock.clone(), log.clone()));
    tokio::spawn(async move {
        let (clock, log) = inner;
        loop {
            clock.sleep_until(after(&clock, 25)).await;
            log.lock().unwrap().push(("tick", clock.now()));
        }
    });
    clock.run_for(Duration::from_secs(60)).await;
    let at = |seconds| start + Duration::from_secs(seconds);
    assert_eq!(*log.lock().unwrap(), [("tick", at(25)), ("tick", at(50))]);
    assert_eq!(clock.now(), at(60));
    clock.run_to(at(75)).await;
    assert_eq!(log.lock().unwrap().last(), Some(&("tick", at(75))));
    clock.run_to(at(10)).await;
    assert_eq!(clock.now(), at(75), "it never runs backwards");
}

#[tokio::test]
async fn a_clock_that_is_set_moves_alone() {
    let clock = VirtualClock::at(NOON);
    let log = Log::default();
    let deadline = after(&clock, 10);
    sleeper(&clock, "sleeper", deadline, &log);
    clock.settle().await;
    let before = clock.monotonic();
    clock.step_wall(TimeDelta::seconds(60));
    clock.step_wall(TimeDelta::seconds(-120));
    assert_eq!((clock.now().to_rfc3339(), clock.monotonic()), {
        ("2026-07-10T11:59:00+00:00".to_owned(), before)
    });
    clock.settle().await;
    assert!(log.lock().unwrap().is_empty(), "set back before it ran, it sleeps again");
    clock.step_wall(TimeDelta::seconds(70));
    clock.settle().await;
    assert_eq!(*log.lock().unwrap(), [("sleeper", deadline)]);
}

#[tokio::test]
async fn a_sleeper_that_gives_up_leaves_nothing_behind() {
    let clock = VirtualClock::at(NOON);
    let sleeping = tokio::spawn({
        let clock = clock.clone();
        async move { clock.sleep_until(LAST_INSTANT).await }
    });
    clock.settle().await;
    assert_eq!(clock.next_deadline(), Some(LAST_INSTANT));
    sleeping.abort();
    assert!(sleeping.await.unwrap_err().is_cancelled());
    assert_eq!(clock.next_deadline(), None);
}

#[test]
fn a_clock_stays_in_its_range() {
    let clock = VirtualClock::at(NOON);
    clock.advance(Duration::MAX);
    assert_eq!((clock.now(), clock.monotonic()), (LAST_INSTANT, Duration::MAX));
    clock.step_wall(TimeDelta::MIN);
    assert_eq!(clock.now(), FIRST_INSTANT);
    clock.step_wall(TimeDelta::MAX);
    assert_eq!(clock.now(), LAST_INSTANT);
    assert!(!clock.compares_with_store(), "the store's time is another one");
}

#[test]
#[should_panic(expected = "\"noon\" is no instant for a test")]
fn a_text_that_is_no_instant_is_refused() {
    VirtualClock::at("noon");
}

/// A reminder 24 hours before three in the afternoon of 12 July.
fn reminder() -> Reminder {
    let jane: EmailAddress = "jane@example.com".parse().unwrap();
    let event = EventTime::instant("2026-07-12T15:00:00Z".parse().unwrap()).unwrap();
    let about = Subject::new("booking", 123);
    Reminder::new("reminder_24h", &about, jane).event(event).before(24 * HOUR).text("Tomorrow!")
}

#[tokio::test]
async fn a_started_engine_sends_on_the_second() {
    let clock = VirtualClock::at(NOON);
    let mailbox = MemoryNotifier::new(Channel::EMAIL);
    let scheduler = Scheduler::builder(MemoryStore::new())
        .notifier(mailbox.clone())
        .clock(clock.clone())
        .build()
        .unwrap();
    let running = scheduler.start();
    scheduler.schedule(reminder()).await.unwrap();
    clock.run_to("2026-07-11T14:59:59.999999Z").await;
    assert_eq!(mailbox.sent().len(), 0, "never early");
    clock.run_to("2026-07-11T18:00:00Z").await;
    let sent: Vec<String> = mailbox.sent().iter().map(|sent| sent.at.to_rfc3339()).collect();
    assert_eq!(sent, ["2026-07-11T15:00:00+00:00"]);
    running.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_started_engine_repeats_when_the_provider_said() {
    let clock = VirtualClock::at(NOON);
    let wait = Duration::from_secs(1_234);
    let notifier = ScriptedNotifier::new(Channel::EMAIL)
        .then(Step::transient("451 4.7.1").retry_after(wait))
        .then(Step::hang().before_gate());
    let scheduler = Scheduler::builder(MemoryStore::new())
        .notifier(notifier.clone())
        .clock(clock.clone())
        .build()
        .unwrap();
    let running = scheduler.start();
    scheduler.schedule(reminder()).await.unwrap();
    clock.run_to("2026-07-11T18:00:00Z").await;
    let journal = notifier.journal();
    assert_eq!(journal.len(), 3, "a refusal, a hang, an acceptance");
    assert!(journal[1].at - journal[0].at >= TimeDelta::from_std(wait).unwrap());
    assert!(journal.iter().all(|line| line.key == journal[0].key), "one message, three attempts");
    assert_eq!(notifier.accepted().len(), 1);
    running.shutdown(Duration::ZERO).await;
}
