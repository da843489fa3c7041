//! How fast reminders are stored: one by one by one client and by sixteen, and in bulk, against
//! inserts written by hand into a table of the same shape.
//!
//! `cargo bench --features postgres,sqlite,testing --bench store`; `PUNTUAL_BENCH_FULL=1` takes
//! five times as many rows; `-- memory`, `-- sqlite` or `-- postgres` ask for a part. The raw
//! inserts write the row alone; ours write its first history entry too.

#[path = "postgres/store.rs"]
mod postgres;
mod raw;
mod support;

use std::path::Path;
use std::time::Duration;

use puntual::store::{MemoryStore, SqliteStore, TaskStore};
use puntual::task::NewTask;
use puntual::time::{Clock, SystemClock};
use puntual::{Reminders, Scheduler};
use sqlx::Connection;
use support::engine::idle;
use support::report::{Measure, print_setting};
use support::{Result, is_asked_for, is_full, rows, runtime};
use tokio::task::JoinSet;

const ROUNDS: usize = 3;

fn main() -> Result<()> {
    print_setting(
        "reminders of about 620 bytes; SQLite: WAL, FULL; raw: single inserts in transactions of \
         their own on one held connection a client, bulk by json_each or unnest in statements of 1,000; \
         raw memory: the store's own insert without an engine",
    );
    let times = if is_full() { 5 } else { 1 };
    runtime()?.block_on(async {
        for (clients, each) in [(1, 1_000 * times), (16, 250 * times)] {
            if is_asked_for("sqlite") {
                sqlite_singles(clients, each).await?;
            }
            if is_asked_for("memory") {
                memory_singles(clients, 20 * each).await?;
            }
        }
        if is_asked_for("sqlite") {
            sqlite_bulk(20 * times).await?;
        }
        if is_asked_for("postgres") {
            postgres::run(times).await?;
        }
        Ok(())
    })
}

async fn sqlite_singles(clients: u64, each: u64) -> Result<()> {
    let mut measure = Measure::new(format!("enqueue_sqlite_{clients}"), "tasks/s");
    let made = rows::by_hand(clients * each).await?;
    for _ in 0..ROUNDS {
        let directory = tempfile::tempdir()?;
        let store = SqliteStore::open(directory.path().join("ours.db")).await?;
        let ours = singles(&idle(store.clone())?, clients, each, rows::due_now).await?;
        store.close().await;
        let raw = raw_singles(&directory.path().join("raw.db"), &made, clients, each).await?;
        measure.round(rate(clients * each, ours), rate(clients * each, raw));
    }
    measure.print();
    Ok(())
}

async fn memory_singles(clients: u64, each: u64) -> Result<()> {
    let mut measure = Measure::new(format!("enqueue_memory_{clients}"), "tasks/s");
    let made = rows::by_hand(clients * each).await?;
    for _ in 0..ROUNDS {
        let ours = singles(&idle(MemoryStore::new())?, clients, each, rows::due_now).await?;
        let (clock, store) = (SystemClock::new(), MemoryStore::new());
        let mut all = JoinSet::new();
        for part in made.chunks(each as usize) {
            let (part, store, now) = (part.to_vec(), store.clone(), clock.now());
            all.spawn(async move {
                for new in part {
                    store.insert(now, &[new]).await?;
                }
                Ok(())
            });
        }
        finish(all).await?;
        measure.round(rate(clients * each, ours), rate(clients * each, clock.monotonic()));
    }
    measure.print();
    Ok(())
}

/// Schedules one reminder after the other, each client its own.
async fn singles(
    scheduler: &Scheduler,
    clients: u64,
    each: u64,
    made: rows::Make,
) -> Result<Duration> {
    let clock = SystemClock::new();
    let mut all = JoinSet::new();
    for client in 0..clients {
        let (scheduler, now) = (scheduler.clone(), clock.now());
        all.spawn(async move {
            for number in client * each..(client + 1) * each {
                scheduler.schedule(made(now, number)?).await?;
            }
            Ok(())
        });
    }
    finish(all).await?;
    Ok(clock.monotonic())
}

async fn raw_singles(path: &Path, made: &[NewTask], clients: u64, each: u64) -> Result<Duration> {
    let mut connections = vec![raw::open(path).await?];
    raw::create(&mut connections[0]).await?;
    for _ in 1..clients {
        connections.push(raw::open(path).await?);
    }
    let clock = SystemClock::new();
    let mut all = JoinSet::new();
    for (mut connection, part) in connections.into_iter().zip(made.chunks(each as usize)) {
        let (part, now) = (part.to_vec(), clock.now());
        all.spawn(async move {
            for new in &part {
                raw::insert_one(&mut connection, now, new).await?;
            }
            Ok(connection.close().await?)
        });
    }
    finish(all).await?;
    Ok(clock.monotonic())
}

async fn finish(mut all: JoinSet<Result<()>>) -> Result<()> {
    while let Some(ended) = all.join_next().await {
        ended??;
    }
    Ok(())
}

async fn sqlite_bulk(calls: u64) -> Result<()> {
    let count = calls * rows::BULK;
    let mut measure = Measure::new("enqueue_sqlite_bulk_1000", "tasks/s");
    let made = rows::by_hand(count).await?;
    for _ in 0..ROUNDS {
        let directory = tempfile::tempdir()?;
        let store = SqliteStore::open(directory.path().join("ours.db")).await?;
        let (scheduler, clock) = (idle(store.clone())?, SystemClock::new());
        rows::fill(&scheduler, clock.now(), 0, count).await?;
        let ours = clock.monotonic();
        store.close().await;
        let mut connection = raw::open(&directory.path().join("raw.db")).await?;
        raw::create(&mut connection).await?;
        let clock = SystemClock::new();
        for bulk in made.chunks(rows::BULK as usize) {
            raw::insert_many(&mut connection, clock.now(), bulk).await?;
        }
        let raw = clock.monotonic();
        connection.close().await?;
        measure.round(rate(count, ours), rate(count, raw));
    }
    measure.print();
    Ok(())
}

fn rate(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
