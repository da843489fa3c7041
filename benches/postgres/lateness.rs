//! The same on a Postgres server of its own. What is picked up comes from another process, as far
//! as the database can tell: a store with a pool of its own.

use std::time::Duration;

use puntual::Reminders;
use puntual::chrono::TimeDelta;
use puntual::time::{Clock, SystemClock};
use sqlx::Connection;
use sqlx::postgres::PgListener;

use crate::raw::postgres as raw;
use crate::support::engine;
use crate::support::report::{Measure, percentile, processor_seconds};
use crate::support::server::Server;
use crate::support::{Result, is_chosen, is_full, number, rows};
use crate::{MEASURES, ROUNDS, lateness, watched};

const PICKUPS: u64 = 200;

pub(crate) async fn run() -> Result<()> {
    let Some(server) = Server::start().await? else { return Ok(()) };
    if is_chosen("lateness", &MEASURES) {
        lateness("postgres", server.empty("lateness").await?).await?;
    }
    if is_chosen("pickup", &MEASURES) {
        pickup(&server).await?;
    }
    if is_chosen("idle", &MEASURES) {
        idle(&server).await?;
    }
    Ok(())
}

async fn pickup(server: &Server) -> Result<()> {
    let (scheduler, mut sight) = watched(server.empty("pickup").await?)?;
    let running = scheduler.start();
    let asking = engine::idle(server.process("pickup").await?)?;
    let clock = SystemClock::new();
    let [mut p50, mut p99] =
        ["p50", "p99"].map(|percent| Measure::new(format!("pickup_postgres_{percent}"), "ms"));
    for round in 0..ROUNDS {
        let mut ours = Vec::new();
        for number in 0..PICKUPS {
            asking.schedule(rows::due_now(clock.now(), round * PICKUPS + number)?).await?;
            let stored = clock.monotonic();
            sight.recv().await.ok_or("the notifier is gone")?;
            ours.push(clock.monotonic().saturating_sub(stored).as_secs_f64() * 1e3);
        }
        let raw = raw_pickups(server).await?;
        p50.round(percentile(&ours, 50), percentile(&raw, 50));
        p99.round(percentile(&ours, 99), percentile(&raw, 99));
    }
    running.shutdown(Duration::from_secs(10)).await;
    p50.print();
    p99.print();
    Ok(())
}

/// The floor: a row and a NOTIFY are committed, one hears it and claims.
async fn raw_pickups(server: &Server) -> Result<Vec<f64>> {
    server.empty_raw("pickup").await?;
    let made = rows::by_hand(PICKUPS).await?;
    let mut listener = PgListener::connect_with(&server.pool().await?).await?;
    listener.listen("raw_wake").await?;
    let (mut claiming, mut asking) = (server.connect().await?, server.connect().await?);
    let clock = SystemClock::new();
    let mut all = Vec::new();
    for new in &made {
        let mut transaction = asking.begin().await?;
        raw::insert_one(&mut transaction, clock.now(), new).await?;
        sqlx::query("select pg_notify('raw_wake', '')").execute(&mut *transaction).await?;
        transaction.commit().await?;
        let stored = clock.monotonic();
        listener.recv().await?;
        if raw::claim(&mut claiming, clock.now()).await? != 1 {
            return Err("the row was not claimed".into());
        }
        all.push(clock.monotonic().saturating_sub(stored).as_secs_f64() * 1e3);
    }
    raw::close(claiming).await?;
    raw::close(asking).await?;
    Ok(all)
}

/// What an engine does whose next row is a day ahead, as the server counts it.
async fn idle(server: &Server) -> Result<()> {
    let seconds = number("PUNTUAL_BENCH_IDLE", if is_full() { 120 } else { 60 });
    let (scheduler, sight) = watched(server.empty("idle").await?)?;
    let clock = SystemClock::new();
    scheduler.schedule(rows::due_at(clock.now() + TimeDelta::days(1), 0)?).await?;
    let running = scheduler.start();
    // A session reports what it did up to ten seconds later.
    clock.sleep_until(clock.now() + TimeDelta::seconds(15)).await;
    let (used, begun) = (processor_seconds(), transactions(server).await?);
    clock.sleep_until(clock.now() + TimeDelta::seconds(seconds as i64)).await;
    let used = processor_seconds() - used;
    // The question before was one of them.
    let done = transactions(server).await? - begun - 1;
    let open = "select count(*) from pg_stat_activity where application_name = 'bench'";
    let minutes = seconds as f64 / 60.0;
    println!("idle postgres: watched for {seconds} s");
    for (name, unit, ours, goal) in [
        ("statements", "1/min", done as f64 / minutes, 2.0),
        ("processor", "s/min", used / minutes, 0.02),
        ("connections", "1", server.ask(open).await? as f64, 3.0),
    ] {
        let mut measure = Measure::new(format!("idle_postgres_{name}"), unit);
        measure.round(ours, goal);
        measure.print();
    }
    running.shutdown(Duration::from_secs(1)).await;
    drop(sight);
    Ok(())
}

/// Transactions of the bench's own database so far, which each statement alone is one of.
async fn transactions(server: &Server) -> Result<i64> {
    let all = "select xact_commit + xact_rollback from pg_stat_database
        where datname = current_database()";
    server.ask(all).await
}
