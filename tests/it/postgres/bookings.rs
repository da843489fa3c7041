//! Many hosts that book and ask for reminders in one transaction, at the same time, while an
//! engine runs: what was rolled back never existed, what was committed goes out at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use puntual::scheduler::{ScheduleError, ScheduleErrorKind};
use puntual::store::{PostgresStore, TaskFilter, TaskStoreExt};
use puntual::task::{EmailAddress, Subject, TaskState};
use puntual::time::{Clock, EventTime, SystemClock};
use puntual::{Reminder, Reminders, Scheduler};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPoolOptions;

use super::mailbox::Mailbox;
use super::{answer, execute};
use crate::servers::postgres::Server;

const HOSTS: u32 = 12;
const BOOKINGS: u32 = 6;
/// Courts are booked by everybody, so that transactions cross.
const COURTS: u32 = 3;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LEVELS: [&str; 3] = ["read committed", "repeatable read", "serializable"];

/// One host with its pool: instances share nothing but the database, as processes do.
#[derive(Clone)]
struct Host {
    number: u32,
    store: PostgresStore,
    scheduler: Scheduler,
}

impl Host {
    async fn new(server: &Server, store: &PostgresStore, number: u32) -> Host {
        // Hosts that wait for one another are found out soon.
        let options = server.options().options([("deadlock_timeout", "20ms")]);
        let pool = PgPoolOptions::new().max_connections(2).connect_lazy_with(options);
        let store = PostgresStore::new(pool).with_schema(store.schema().clone());
        let scheduler = Scheduler::builder(store.clone()).notifier(Mailbox::new()).build().unwrap();
        Host { number, store, scheduler }
    }

    fn booking(&self, booking: u32) -> String {
        format!("{}-{booking}", self.number)
    }

    fn is_kept(&self, booking: u32) -> bool {
        (self.number + booking).is_multiple_of(2)
    }

    /// Books until it is told that nobody was in the way, and answers how often it was repeated.
    async fn book(&self, booking: u32) -> u32 {
        for repeats in 0..1_000 {
            match self.book_once(booking).await {
                Ok(()) => return repeats,
                Err(Refused::Conflict) => tokio::task::yield_now().await,
            }
        }
        panic!("not booked in a thousand tries");
    }

    /// The booking, its reminders, and two courts, of which odd hosts take the last first.
    async fn book_once(&self, booking: u32) -> Result<(), Refused> {
        let level = LEVELS[(booking % 3) as usize];
        let begin = AssertSqlSafe(format!("begin isolation level {level}"));
        let mut tx = self.store.pool().begin_with(begin).await.unwrap();
        let id = self.booking(booking);
        let insert = format!("insert into {}.bookings values ($1)", self.store.schema());
        sqlx::query(AssertSqlSafe(insert)).bind(&id).execute(&mut *tx).await?;
        let within = self.scheduler.within(self.store.transaction(&mut tx));
        within.schedule_all(reminders("booking", &id, 3, true)).await?;
        let mut courts = [booking % COURTS, (booking + 1) % COURTS];
        if !self.number.is_multiple_of(2) {
            courts.reverse();
        }
        for court in courts {
            within.schedule_all(reminders("court", court, 3 + booking, false)).await?;
        }
        drop(within);
        match self.is_kept(booking) {
            true => tx.commit().await?,
            false => tx.rollback().await?,
        }
        Ok(())
    }

    /// Moves and cancels courts outside of any transaction, as a person at a desk does.
    async fn change_courts(&self) {
        for turn in 0..3 * BOOKINGS {
            let court = Subject::new("court", turn % COURTS);
            let changed = match turn.is_multiple_of(4) {
                true => self.scheduler.cancel_subject(&court).await.map(drop),
                false => self.scheduler.move_subject(&court, event(4 + turn)).await.map(drop),
            };
            // Somebody has the row in an open transaction: another time.
            assert!(changed.is_ok() || conflict(&changed.unwrap_err()));
        }
    }
}

/// Why a transaction is to be repeated.
#[derive(Debug)]
enum Refused {
    Conflict,
}

fn conflict(error: &ScheduleError) -> bool {
    error.kind() == ScheduleErrorKind::Conflict
}

impl From<ScheduleError> for Refused {
    fn from(error: ScheduleError) -> Refused {
        assert!(conflict(&error), "{error:?}");
        Refused::Conflict
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Refused {
        let code = error.as_database_error().and_then(|error| error.code());
        assert!(matches!(code.as_deref(), Some("40001" | "40P01")), "{error:?}");
        Refused::Conflict
    }
}

fn event(days: u32) -> EventTime {
    EventTime::instant(SystemClock::new().now() + DAY * days).unwrap()
}

/// The reminder of the day before, and on request a confirmation.
fn reminders(kind: &str, id: impl ToString, days: u32, confirm: bool) -> Vec<Reminder> {
    let about = Subject::new(kind, id);
    let jane: EmailAddress = "jane@example.com".parse().unwrap();
    let ask = |kind| {
        let one = Reminder::new(kind, &about, jane.clone()).person(format!("of {about}"));
        one.text("..").event(event(days))
    };
    let mut all = vec![ask("reminder_24h").before(DAY)];
    all.extend(confirm.then(|| ask("confirmation").now()));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_many_hosts_roll_back_never_existed_and_what_they_commit_goes_out_at_once() {
    let (server, clock, mailbox) = (Server::shared(), SystemClock::new(), Mailbox::new());
    let store = server.store().await;
    execute(&store, "create table {}.bookings (id text primary key)").await;
    // It polls once a minute, and nothing is patient for so long: only NOTIFY wakes it in time.
    let engine = Scheduler::builder(store.clone()).notifier(mailbox.clone()).build().unwrap();
    let handle = engine.start();

    let mut running = Vec::new();
    for number in 0..HOSTS {
        let (host, clock) = (Host::new(&server, &store, number).await, clock.clone());
        let mailbox = mailbox.clone();
        running.push(tokio::spawn(async move {
            let mut repeats = 0;
            for booking in 0..BOOKINGS {
                repeats += host.book(booking).await;
                if host.is_kept(booking) {
                    mailbox.until_told(&clock, &host.booking(booking)).await;
                }
            }
            repeats
        }));
    }
    for number in HOSTS..HOSTS + 2 {
        let host = Host::new(&server, &store, number).await;
        running.push(tokio::spawn(async move {
            host.change_courts().await;
            0
        }));
    }
    let mut repeats = 0;
    for host in running {
        repeats += host.await.unwrap();
    }
    handle.shutdown(Duration::from_secs(10)).await;

    let kept: BTreeSet<String> = (0..HOSTS)
        .flat_map(|host| (0..BOOKINGS).map(move |booking| (host, booking)))
        .filter(|(host, booking)| (host + booking).is_multiple_of(2))
        .map(|(host, booking)| format!("{host}-{booking}"))
        .collect();
    let sent = mailbox.subjects();
    assert_eq!(sent.len(), kept.len(), "one confirmation each, and nothing else");
    assert_eq!(sent.into_iter().collect::<BTreeSet<_>>(), kept);
    let booked = answer(&store, "select count(*)::text from {}.bookings").await;
    assert_eq!(booked, kept.len().to_string());
    check_rows(&store, &kept).await;
    println!("{HOSTS} hosts, {} bookings, {repeats} repeats", HOSTS * BOOKINGS);
}

/// Two rows for each kept booking, one for each court, and no more.
async fn check_rows(store: &PostgresStore, kept: &BTreeSet<String>) {
    let mut rows: BTreeMap<(String, String), Vec<TaskState>> = BTreeMap::new();
    for task in store.all(TaskFilter::default()).await.unwrap() {
        let history = store.history_of(task.id).await.unwrap();
        let revisions: BTreeSet<_> = history.iter().map(|stored| stored.revision).collect();
        assert_eq!(revisions.len(), history.len(), "each entry came with a write of its own");
        assert_eq!(history.last().unwrap().entry.state, task.state);
        let subject = (task.subject.kind().to_owned(), task.subject.id().to_owned());
        rows.entry(subject).or_default().push(task.state);
    }
    for (subject, states) in &mut rows {
        states.sort();
        match subject.0.as_str() {
            "booking" => assert_eq!(*states, [TaskState::Scheduled, TaskState::Sent]),
            _ => assert!(
                matches!(states[..], [TaskState::Scheduled | TaskState::Cancelled]),
                "{subject:?} {states:?}"
            ),
        }
    }
    let bookings = rows.keys().filter(|(kind, _)| kind == "booking").map(|(_, id)| id.clone());
    assert_eq!(bookings.collect::<BTreeSet<_>>(), *kept);
    assert_eq!(rows.len(), kept.len() + COURTS as usize);
}
