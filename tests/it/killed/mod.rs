//! Real processes that are killed, stopped and frozen at any moment: what they left is sent,
//! expired or held, and nothing goes out twice without saying so.
//!
//! The parent schedules into a store and starts this very test binary again as a worker, which
//! runs a started engine on that store with the machine's clock. All of them write into one
//! journal what they sent.

mod books;
mod child;
mod journal;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod workers;

use std::time::Duration;

use puntual::notify::{Notifier, OnUncertain};
use puntual::scheduler::{Config, SchedulerBuilder};
use puntual::store::{TaskFilter, TaskStore, TaskStoreExt};
use puntual::task::{Channel, EmailAddress, Entropy, Subject, TaskState};
use puntual::time::{Clock, SystemClock};
use puntual::{Reminder, Reminders, Scheduler};

pub(crate) use self::books::check;
use self::journal::JournalNotifier;
#[cfg(feature = "postgres")]
pub(crate) use self::journal::Line;
use self::workers::Workers;

/// How long a condition may take: a machine that is busy is slow, one that hangs fails. It is less
/// than the longest poll of an engine, so that what only a poll would find fails too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(50);

/// An engine whose leases are short: what a killed one held comes back within a second.
pub(crate) fn builder(store: impl TaskStore, notifier: impl Notifier) -> SchedulerBuilder {
    let mut config = Config::default()
        .with_lease(Duration::from_secs(1))
        .with_renewal(Duration::from_millis(300))
        .with_hand_off_margin(Duration::from_millis(100))
        .with_poll(Duration::from_millis(250));
    config.store_retry = Duration::from_millis(20);
    config.store_retry_max = Duration::from_millis(200);
    let resend = OnUncertain::Resend { after: Duration::from_millis(50) };
    Scheduler::builder(store).notifier(notifier).config(config).on_uncertain(Channel::EMAIL, resend)
}

/// Half of them are due at once, the others one after another over the next seconds.
pub(crate) fn reminders(clock: &SystemClock, bookings: std::ops::Range<u32>) -> Vec<Reminder> {
    let (start, first) = (clock.now(), bookings.start);
    let ask = |id: u32| {
        let jane: EmailAddress = "jane@example.com".parse().unwrap();
        let ask = Reminder::new("k", &Subject::new("booking", id), jane)
            .person(format!("user {id}"))
            .text("..");
        let later = Duration::from_millis(1_000 + 5 * u64::from(id - first));
        if id.is_multiple_of(2) { ask.now() } else { ask.at(start + later) }
    };
    bookings.map(ask).collect()
}

/// Waits for a condition, with a limit.
pub(crate) async fn until(
    clock: &SystemClock,
    what: &str,
    mut condition: impl AsyncFnMut() -> bool,
) {
    let started = clock.monotonic();
    while !condition().await {
        assert!(clock.monotonic().saturating_sub(started) < PATIENCE, "too slow: {what}");
        clock.sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until nothing is left to do.
pub(crate) async fn until_all_done(clock: &SystemClock, store: &dyn TaskStore) {
    let open = TaskFilter::default().in_states([TaskState::Scheduled, TaskState::Sending]);
    // A store that is away for a moment does not say that all is done.
    until(clock, "all is done", async || {
        store.all(open.clone()).await.is_ok_and(|open| open.is_empty())
    })
    .await;
}

/// Kills one worker after the other with SIGKILL, as soon as its journal has grown by so many
/// lines; a last engine finishes.
async fn check_kills(store: impl TaskStore + Clone, workers: Workers) {
    const REMINDERS: u32 = 300;
    const KILLS: u32 = 15;
    let (clock, chance) = (SystemClock::new(), Entropy::seeded(17));
    let journal = workers.journal().clone();
    let last = builder(store.clone(), JournalNotifier::new(journal.clone(), None)).build().unwrap();
    let outcomes = last.schedule_all(reminders(&clock, 0..REMINDERS)).await.unwrap();
    assert_eq!(outcomes.len(), REMINDERS as usize);

    let mut kills = Vec::new();
    for kill in 0..KILLS {
        let mut worker = workers.start(None);
        let runs = kill as usize + 1;
        until(&clock, "a worker starts", async || journal.starts() >= runs).await;
        // From the first claim on, up to a few messages later: kills land in every phase.
        let wanted = journal.lines().len() + usize::try_from(chance.number() % 12).unwrap();
        until(&clock, "the journal grows", async || journal.lines().len() >= wanted).await;
        clock.sleep(Duration::from_micros(chance.number() % 8_000)).await;
        worker.kill().await;
        let in_flight = TaskFilter::default().in_states([TaskState::Sending]);
        let sending = store.all(in_flight).await.unwrap().len();
        kills.push((journal.lines().len(), sending));
    }

    let handle = last.start();
    until_all_done(&clock, &store).await;
    handle.shutdown(PATIENCE).await;
    println!("kill  lines before it  handed off at it");
    for (kill, (lines, sending)) in kills.iter().enumerate() {
        println!("{:>4}  {lines:>15}  {sending:>16}", kill + 1);
    }
    check(&last, &store, journal.lines(), REMINDERS).await;
    assert!(kills.iter().any(|(_, sending)| *sending > 0), "some were killed in mid-send");
}
