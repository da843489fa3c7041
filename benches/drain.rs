//! How fast a backlog goes out: an engine with default settings and a notifier that does nothing,
//! against claims and completions of 500 written by hand.
//!
//! `cargo bench --features postgres,sqlite,testing --bench drain`; with `PUNTUAL_BENCH_FULL=1` also
//! the large backlogs; `-- memory`, `-- sqlite`, `-- postgres` or `-- peak` ask for a part.
//! `PUNTUAL_BENCH_ROWS` asks for another number of rows in the databases.

#[path = "postgres/drain.rs"]
mod postgres;
mod raw;
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use puntual::store::{ClaimRequest, MemoryStore, Quota, SqliteStore, TaskStore};
use puntual::task::{Channel, Priority, TaskState};
use puntual::testing::{change, claim_id};
use puntual::time::{Clock, SystemClock};
use sqlx::Connection;
use support::engine::{drain, idle};
use support::report::{Measure, median, peak_memory, print_setting, processor_seconds};
use support::{Result, is_asked_for, is_full, number, rows, runtime};

const ROUNDS: usize = 3;

/// Names the file that a process of its own drains, for its peak memory.
const PEAK_OF: &str = "PUNTUAL_BENCH_PEAK_OF";

fn main() -> Result<()> {
    if let Some(path) = std::env::var_os(PEAK_OF) {
        return runtime()?.block_on(drain_for_peak(Path::new(&path)));
    }
    print_setting(
        "rows due at once, notifier without work, concurrency 500, default settings; \
         raw memory: claim and apply of 500 on the same store without an engine; \
         raw SQLite: claim, hand-off, completion with history of 500, WAL, FULL; \
         raw Postgres: the same on two connections",
    );
    runtime()?.block_on(async {
        if is_asked_for("memory") {
            memory().await?;
        }
        if is_asked_for("sqlite") {
            sqlite(number("PUNTUAL_BENCH_ROWS", 20_000)).await?;
        }
        if is_asked_for("sqlite") && is_full() {
            sqlite(100_000).await?;
        }
        if is_asked_for("postgres") {
            postgres::run().await?;
        }
        if is_asked_for("peak") {
            peak(100_000).await?;
        }
        Ok(())
    })
}

async fn memory() -> Result<()> {
    let sizes: &[u64] = if is_full() { &[10_000, 100_000, 1_000_000] } else { &[10_000, 100_000] };
    for &count in sizes {
        for marks in [false, true] {
            let name = format!("drain_memory_{count}{}", suffix(marks));
            let mut measure = Measure::new(name, "tasks/s");
            let mut used_by_ours = Vec::new();
            for _ in 0..ROUNDS {
                let clock = SystemClock::new();
                let store = MemoryStore::new();
                rows::fill(&idle(store.clone())?, clock.now(), 0, count).await?;
                let used = processor_seconds();
                let ours = drain(store, count, marks).await?;
                used_by_ours.push((processor_seconds() - used) / count as f64 * 1e6);
                let store = MemoryStore::new();
                rows::fill(&idle(store.clone())?, clock.now(), 0, count).await?;
                let begun = clock.monotonic();
                let drained = by_hand(&store, &clock).await?;
                let raw = clock.monotonic().saturating_sub(begun);
                expect(drained, count)?;
                measure.round(count as f64 / ours.as_secs_f64(), count as f64 / raw.as_secs_f64());
            }
            measure.print();
            println!("      processor time: {:.1} us a task", median(&used_by_ours));
        }
    }
    Ok(())
}

/// Claims and completes in batches of 500, without an engine.
async fn by_hand(store: &MemoryStore, clock: &SystemClock) -> Result<u64> {
    let mut all = 0;
    loop {
        let now = clock.now();
        let quotas = vec![Quota::new(Channel::EMAIL, Priority::Normal, 500)];
        let until = now + std::time::Duration::from_secs(30);
        let claimed = store.claim(now, &ClaimRequest::new(claim_id(now), until, quotas)).await?;
        if claimed.tasks.is_empty() {
            return Ok(all);
        }
        let sent = claimed.tasks.iter().map(|task| change(task).to(TaskState::Sent).ends_claim());
        let changes: Vec<_> = sent.map(|change| change.build()).collect();
        all += store.apply(now, &changes).await?.len() as u64;
    }
}

async fn sqlite(count: u64) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = |name: &str| directory.path().join(name);
    let (full, raw_full) = (file("full.db"), file("raw_full.db"));
    fill_file(&full, count).await?;
    raw::copy(&full, &raw_full).await?;
    print_rows(&raw_full).await?;
    for marks in [false, true] {
        let name = format!("drain_sqlite_{count}{}", suffix(marks));
        let mut measure = Measure::new(name, "tasks/s");
        for _ in 0..ROUNDS {
            let ours = file("ours.db");
            std::fs::copy(&full, &ours)?;
            let store = SqliteStore::open(&ours).await?;
            let took = drain(store.clone(), count, marks).await?;
            store.close().await;
            let ours = count as f64 / took.as_secs_f64();
            let path = file("raw.db");
            std::fs::copy(&raw_full, &path)?;
            let mut connection = raw::open(&path).await?;
            let clock = SystemClock::new();
            let drained = raw::drain(&mut connection, clock.now(), marks).await?;
            let took = clock.monotonic();
            connection.close().await?;
            expect(drained, count)?;
            measure.round(ours, count as f64 / took.as_secs_f64());
        }
        measure.print();
    }
    Ok(())
}

async fn print_rows(raw: &Path) -> Result<()> {
    let mut connection = raw::open(raw).await?;
    let version = sqlx::query_scalar::<_, String>("select sqlite_version()");
    let version = version.fetch_one(&mut connection).await?;
    let (row, body) = raw::row_bytes(&mut connection).await?;
    println!("rows: {row:.0} bytes, of which the body {body:.0}; SQLite {version}");
    Ok(connection.close().await?)
}

async fn fill_file(path: &Path, count: u64) -> Result<()> {
    let store = SqliteStore::open(path).await?;
    rows::fill(&idle(store.clone())?, SystemClock::new().now(), 0, count).await?;
    store.close().await;
    Ok(())
}

/// The peak memory of a process that drains a file, beside that of one that opens it only.
async fn peak(count: u64) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (full, empty) = (directory.path().join("full.db"), directory.path().join("empty.db"));
    fill_file(&full, count).await?;
    fill_file(&empty, 1).await?;
    let mut measure = Measure::new(format!("peak_memory_sqlite_{count}"), "MB");
    measure.round(peak_of(&full)?, peak_of(&empty)?);
    measure.print();
    Ok(())
}

fn peak_of(path: &PathBuf) -> Result<f64> {
    let process = Command::new(std::env::current_exe()?).env(PEAK_OF, path).output()?;
    let printed = String::from_utf8(process.stdout)?;
    let status = process.status;
    printed.trim().parse().map_err(|_| format!("no figure of the process: {status}").into())
}

async fn drain_for_peak(path: &Path) -> Result<()> {
    let store = SqliteStore::open(path).await?;
    let now = SystemClock::new().now();
    let overdue = store.stats(now).await?.overdue;
    drain(store.clone(), overdue, false).await?;
    store.close().await;
    println!("{:.1}", peak_memory());
    Ok(())
}

fn suffix(marks: bool) -> &'static str {
    if marks { "_marked" } else { "" }
}

fn expect(drained: u64, count: u64) -> Result<()> {
    match drained == count {
        true => Ok(()),
        false => Err(format!("{drained} of {count} rows were drained").into()),
    }
}
