//! The arithmetic of time, in nanoseconds: when a reminder is due, and when a window opens.
//!
//! `cargo bench --bench decide`. Planning and deciding are pure functions inside the crate; what
//! can be measured from outside is one `schedule` on the memory store: check, plan, insert.

use std::time::Duration;

use divan::Bencher;
use puntual::chrono::{DateTime, NaiveTime, Utc};
use puntual::notify::MemoryNotifier;
use puntual::store::MemoryStore;
use puntual::task::{Channel, EmailAddress, Subject};
use puntual::time::{Clock, DeliveryWindow, SystemClock, Trigger, TzDatabase, Zone};
use puntual::{EventTime, Reminder, Reminders, Scheduler};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() {
    divan::main();
}

/// What a bench needs, or nothing to measure: the error is then printed.
fn with<T>(made: Result<T>, measure: impl FnOnce(T)) {
    match made {
        Ok(made) => measure(made),
        Err(error) => eprintln!("the bench could not be set up: {error}"),
    }
}

fn event() -> Result<(DateTime<Utc>, EventTime, TzDatabase)> {
    let event = EventTime::civil("2026-10-26T10:00", "Europe/Madrid")?;
    Ok(("2026-07-10T13:00:00Z".parse()?, event, TzDatabase::newest()))
}

fn due(bencher: Bencher<'_, '_>, trigger: &Trigger) {
    with(event(), |(now, event, tz)| {
        bencher.bench(|| divan::black_box(trigger).due(now, Some(&event), None, &tz));
    });
}

#[divan::bench]
fn due_24_hours_before(bencher: Bencher<'_, '_>) {
    due(bencher, &Trigger::before(Duration::from_secs(24 * 60 * 60)));
}

#[divan::bench]
fn due_a_day_before_at_nine(bencher: Bencher<'_, '_>) {
    due(bencher, &Trigger::days_before(1).at_time(NaiveTime::MIN + Duration::from_secs(9 * 3_600)));
}

#[divan::bench]
fn due_a_month_before(bencher: Bencher<'_, '_>) {
    due(bencher, &Trigger::months_before(1));
}

fn window() -> Result<(DateTime<Utc>, DeliveryWindow, Zone, TzDatabase)> {
    let at = |hour: u64| NaiveTime::MIN + Duration::from_secs(hour * 3_600);
    let window = DeliveryWindow::between(at(20), at(2))?;
    Ok(("2026-10-25T10:00:00Z".parse()?, window, Zone::new("Europe/Madrid")?, TzDatabase::newest()))
}

#[divan::bench]
fn next_opening_of_a_window(bencher: Bencher<'_, '_>) {
    with(window(), |(at, window, zone, tz)| {
        bencher.bench(|| divan::black_box(&window).next_opening(at, &zone, &tz));
    });
}

#[divan::bench]
fn schedule_on_the_memory_store(bencher: Bencher<'_, '_>) {
    let made = || -> Result<_> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let mailbox = MemoryNotifier::new(Channel::EMAIL);
        let scheduler = Scheduler::builder(MemoryStore::new()).notifier(mailbox).build()?;
        let to: EmailAddress = "person@example.com".parse()?;
        Ok((runtime, scheduler, to))
    };
    with(made(), |(runtime, scheduler, to)| {
        let due = SystemClock::new().now() + Duration::from_secs(24 * 60 * 60);
        let mut number = 0;
        bencher
            .with_inputs(|| {
                number += 1;
                let about = Subject::new("booking", number);
                Reminder::new("note", &about, to.clone()).at(due).text("Your court is booked.")
            })
            .bench_local_values(|reminder| runtime.block_on(scheduler.schedule(reminder)));
    });
}
