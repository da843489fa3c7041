//! Real processes that are killed at any moment: what they left is sent, expired or held, and
//! nothing goes out twice without saying so.
//!
//! The parent schedules into an SQLite file and starts this very test binary again as a worker,
//! which runs a started engine on that file with the machine's clock. It is killed with SIGKILL
//! as soon as its journal has grown by so many lines, again and again; a last engine finishes.

mod books;
mod child;
mod journal;

use std::path::Path;
use std::time::Duration;

use puntual::notify::{Notifier, OnUncertain};
use puntual::scheduler::Config;
use puntual::store::{SqliteStore, TaskFilter, TaskStoreExt};
use puntual::task::{EmailAddress, Entropy, Subject, TaskState};
use puntual::time::{Clock, SystemClock};
use puntual::{Reminder, Reminders, Scheduler};
use tokio::process::{Child, Command};

use self::child::{DATABASE, JOURNAL};
use self::journal::{Journal, JournalNotifier};

const REMINDERS: u32 = 300;
const KILLS: u32 = 15;
/// How long a condition may take: a machine that is busy is slow, one that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// An engine whose leases are short: what a killed one held comes back within a second.
fn engine(store: SqliteStore, notifier: impl Notifier) -> Scheduler {
    let config = Config::default()
        .with_lease(Duration::from_secs(1))
        .with_renewal(Duration::from_millis(300))
        .with_hand_off_margin(Duration::from_millis(100))
        .with_poll(Duration::from_millis(250));
    Scheduler::builder(store)
        .notifier(notifier)
        .config(config)
        .on_uncertain(
            puntual::task::Channel::EMAIL,
            OnUncertain::Resend { after: Duration::from_millis(50) },
        )
        .build()
        .unwrap()
}

/// Half of them are due at once, the others one after another over the next seconds.
fn reminders(clock: &SystemClock) -> Vec<Reminder> {
    let start = clock.now();
    let ask = |id: u32| {
        let jane: EmailAddress = "jane@example.com".parse().unwrap();
        let ask = Reminder::new("k", &Subject::new("booking", id), jane).text("..");
        match id.is_multiple_of(2) {
            true => ask.now(),
            false => ask.at(start + Duration::from_secs(1) + Duration::from_millis(15) * id),
        }
    };
    (0..REMINDERS).map(ask).collect()
}

/// Starts this binary again as a worker on these files.
fn start_worker(database: &Path, journal: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child::child_process_entry", "--nocapture"])
        .env(DATABASE, database)
        .env(JOURNAL, journal)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Waits for a condition, with a limit.
async fn until(clock: &SystemClock, what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let started = clock.monotonic();
    while !condition().await {
        assert!(clock.monotonic().saturating_sub(started) < PATIENCE, "too slow: {what}");
        clock.sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_killed_processes_left_is_sent_or_held_and_nothing_goes_out_twice_unsaid() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("reminders.db");
    let journal = Journal::new(directory.path().join("journal"));
    let (clock, chance) = (SystemClock::new(), Entropy::seeded(17));
    let store = SqliteStore::open(&database).await.unwrap();
    let last = engine(store.clone(), JournalNotifier::new(journal.clone()));
    let outcomes = last.schedule_all(reminders(&clock)).await.unwrap();
    assert_eq!(outcomes.len(), REMINDERS as usize);

    let mut kills = Vec::new();
    for kill in 0..KILLS {
        let mut worker = start_worker(&database, journal.path());
        let runs = kill as usize + 1;
        until(&clock, "a worker starts", async || journal.starts() >= runs).await;
        // From the first claim on, up to a few messages later: kills land in every phase.
        let wanted = journal.lines().len() + usize::try_from(chance.number() % 12).unwrap();
        until(&clock, "the journal grows", async || journal.lines().len() >= wanted).await;
        clock.sleep(Duration::from_micros(chance.number() % 8_000)).await;
        worker.kill().await.unwrap();
        let in_flight = TaskFilter::default().in_states([TaskState::Sending]);
        let sending = store.all(in_flight).await.unwrap().len();
        kills.push((journal.lines().len(), sending));
    }

    let handle = last.start();
    let open = TaskFilter::default().in_states([TaskState::Scheduled, TaskState::Sending]);
    until(&clock, "the last engine finishes", async || {
        store.all(open.clone()).await.unwrap().is_empty()
    })
    .await;
    handle.shutdown(PATIENCE).await;
    println!("kill  lines before it  handed off at it");
    for (kill, (lines, sending)) in kills.iter().enumerate() {
        println!("{:>4}  {lines:>15}  {sending:>16}", kill + 1);
    }
    books::check(&last, &store, &journal).await;
    assert!(kills.iter().any(|(_, sending)| *sending > 0), "some were killed in mid-send");
    store.close().await;
}
