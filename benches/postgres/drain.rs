//! The same against a Postgres server of its own: also with a million future rows in the table,
//! behind leased rows, right after a drain, and by several workers.

use puntual::chrono::TimeDelta;
use puntual::store::{ClaimRequest, PostgresStore, Quota, TaskStore};
use puntual::task::{Channel, Priority};
use puntual::testing::claim_id;
use puntual::time::{Clock, SystemClock};
use tokio::task::JoinSet;

use crate::raw::postgres as raw;
use crate::support::engine::{Left, drain, drain_until};
use crate::support::report::Measure;
use crate::support::server::Server;
use crate::support::{Result, is_full, number};
use crate::{ROUNDS, expect, suffix};

const FUTURE: u64 = 1_000_000;
const WORKERS: [u64; 4] = [1, 2, 4, 8];

pub(crate) async fn run() -> Result<()> {
    let Some(server) = Server::start().await? else { return Ok(()) };
    let count = number("PUNTUAL_BENCH_ROWS", 20_000);
    server.model(count).await?;
    against_raw(&server, count).await?;
    workers(&server, count).await?;
    claims(&server).await?;
    if is_full() {
        beside_future(&server, count).await?;
        server.model(100_000).await?;
        against_raw(&server, 100_000).await?;
    }
    Ok(())
}

async fn against_raw(server: &Server, count: u64) -> Result<()> {
    for marks in [false, true] {
        let name = format!("drain_postgres_{count}{}", suffix(marks));
        let mut measure = Measure::new(name, "tasks/s");
        for _ in 0..ROUNDS {
            let store = server.copy("ours").await?;
            let ours = drain(store.clone(), count, marks).await?;
            store.pool().close().await;
            server.copy_raw().await?;
            let (drained, raw) = raw::drain(server.options(), marks).await?;
            expect(drained, count)?;
            measure.round(count as f64 / ours.as_secs_f64(), count as f64 / raw.as_secs_f64());
        }
        measure.print();
    }
    Ok(())
}

/// The same drain with future rows beside, and without.
async fn beside_future(server: &Server, count: u64) -> Result<()> {
    let mut measure = Measure::new(format!("drain_postgres_{count}_beside_{FUTURE}"), "tasks/s");
    let store = server.empty("crowded").await?;
    server.add_future("crowded", FUTURE).await?;
    for _ in 0..ROUNDS {
        server.run("delete from crowded.tasks where subject_kind <> 'later'").await?;
        for table in ["tasks", "task_history", "notes"] {
            let copy = format!("insert into crowded.{table} select * from model.{table}");
            server.run(&format!("{copy} on conflict do nothing")).await?;
        }
        server.run("truncate crowded.task_history").await?;
        server.run("vacuum analyze crowded.tasks").await?;
        server.run("checkpoint").await?;
        let ours = drain(server.process("crowded").await?, count, false).await?;
        let without = drain(server.copy("ours").await?, count, false).await?;
        measure.round(count as f64 / ours.as_secs_f64(), count as f64 / without.as_secs_f64());
    }
    store.pool().close().await;
    measure.print();
    Ok(())
}

/// Several workers, each with a pool of its own, on one table; beside it, one.
async fn workers(server: &Server, count: u64) -> Result<()> {
    for workers in WORKERS {
        let mut measure = Measure::new(format!("drain_postgres_workers_{workers}"), "tasks/s");
        for _ in 0..ROUNDS {
            let mut rates = [0.0; 2];
            for (rate, workers) in rates.iter_mut().zip([workers, 1]) {
                let store = server.copy("ours").await?;
                *rate = count as f64 / by_workers(server, workers, count).await?;
                store.pool().close().await;
                let twice = "select count(*) from (select from ours.task_history
                    where what = 'sent' group by task_id having count(*) > 1) as twice";
                expect(server.ask(twice).await?.unsigned_abs(), 0)?;
            }
            measure.round(rates[0], rates[1]);
        }
        measure.print();
    }
    Ok(())
}

/// Seconds until all rows are sent, whoever sends them.
async fn by_workers(server: &Server, workers: u64, count: u64) -> Result<f64> {
    let mut stores: Vec<PostgresStore> = Vec::new();
    for _ in 0..workers {
        stores.push(server.process("ours").await?);
    }
    let clock = SystemClock::new();
    let mut all = JoinSet::new();
    let left = Left::new(count);
    for store in stores {
        let left = left.clone();
        all.spawn(async move { drain_until(store, &left, false).await });
    }
    left.none().await;
    let took = clock.monotonic().as_secs_f64();
    while let Some(ended) = all.join_next().await {
        ended??;
    }
    Ok(took)
}

/// A claim behind leased rows beside one that finds nothing, and the first ones after a drain.
async fn claims(server: &Server) -> Result<()> {
    const LEASED: u32 = 5_000;
    let mut behind = Measure::new("claim_postgres_behind_5000_leased", "ms");
    let mut after = Measure::new("claim_postgres_after_drain", "ms");
    for _ in 0..ROUNDS {
        let store = server.copy("ours").await?;
        let nothing = claim_millis(&store, TimeDelta::days(-400), 1).await?;
        for _ in 0..LEASED / 500 {
            claim_millis(&store, TimeDelta::zero(), 500).await?;
        }
        let free = claim_millis(&store, TimeDelta::zero(), 500).await?;
        server.copy_raw().await?;
        let mut connection = server.connect().await?;
        let clock = SystemClock::new();
        for _ in 0..LEASED / 500 {
            raw::claim(&mut connection, clock.now()).await?;
        }
        let begun = clock.monotonic();
        raw::claim(&mut connection, clock.now()).await?;
        let by_hand = clock.monotonic().saturating_sub(begun).as_secs_f64() * 1e3;
        raw::close(connection).await?;
        behind.round(free, by_hand);
        let all = "update ours.tasks set wake_at = null, lease_until = null, lease_claim = null,
            state = 'sent', finished_at = due_at";
        server.run(all).await?;
        after.round(claim_millis(&store, TimeDelta::zero(), 500).await?, nothing);
        store.pool().close().await;
    }
    behind.print();
    after.print();
    Ok(())
}

/// How long one claim takes, on a connection that has claimed before.
async fn claim_millis(store: &PostgresStore, from_now: TimeDelta, limit: u32) -> Result<f64> {
    let clock = SystemClock::new();
    let now = clock.now() + from_now;
    let quota = Quota::new(Channel::EMAIL, Priority::Normal, limit);
    let request = ClaimRequest::new(claim_id(now), now + TimeDelta::hours(1), vec![quota]);
    let begun = clock.monotonic();
    store.claim(now, &request).await?;
    Ok(clock.monotonic().saturating_sub(begun).as_secs_f64() * 1e3)
}
