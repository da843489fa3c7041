//! The same into a Postgres server of its own. The reminders are due in weeks, as most are.

use std::time::Duration;

use puntual::chrono::TimeDelta;
use puntual::task::NewTask;
use puntual::time::{Clock, SystemClock};
use tokio::task::JoinSet;

use crate::raw::postgres as raw;
use crate::support::engine::idle;
use crate::support::report::Measure;
use crate::support::server::Server;
use crate::support::{Result, rows};
use crate::{ROUNDS, finish, rate, singles};

pub(crate) async fn run(times: u64) -> Result<()> {
    let Some(server) = Server::start().await? else { return Ok(()) };
    for (clients, each) in [(1, 1_000 * times), (16, 250 * times)] {
        one_by_one(&server, clients, each).await?;
    }
    bulk(&server, 20 * times).await
}

async fn one_by_one(server: &Server, clients: u64, each: u64) -> Result<()> {
    let mut measure = Measure::new(format!("enqueue_postgres_{clients}"), "tasks/s");
    let made = later(rows::by_hand(clients * each).await?);
    for _ in 0..ROUNDS {
        let store = server.empty("ours").await?;
        let ours = singles(&idle(store.clone())?, clients, each, rows::ahead).await?;
        store.pool().close().await;
        server.empty_raw("ours").await?;
        let raw = raw_singles(server, &made, clients, each).await?;
        measure.round(rate(clients * each, ours), rate(clients * each, raw));
    }
    measure.print();
    Ok(())
}

async fn raw_singles(
    server: &Server,
    made: &[NewTask],
    clients: u64,
    each: u64,
) -> Result<Duration> {
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(server.connect().await?);
    }
    let clock = SystemClock::new();
    let mut all = JoinSet::new();
    for (mut connection, part) in connections.into_iter().zip(made.chunks(each as usize)) {
        let (part, now) = (part.to_vec(), clock.now());
        all.spawn(async move {
            for new in &part {
                raw::insert_one(&mut connection, now, new).await?;
            }
            raw::close(connection).await
        });
    }
    finish(all).await?;
    Ok(clock.monotonic())
}

async fn bulk(server: &Server, calls: u64) -> Result<()> {
    let count = calls * rows::BULK;
    let mut measure = Measure::new("enqueue_postgres_bulk_1000", "tasks/s");
    let made = later(rows::by_hand(count).await?);
    for _ in 0..ROUNDS {
        let store = server.empty("ours").await?;
        let (scheduler, clock) = (idle(store.clone())?, SystemClock::new());
        rows::fill_with(&scheduler, clock.now(), 0, count, rows::ahead).await?;
        let ours = clock.monotonic();
        store.pool().close().await;
        server.empty_raw("ours").await?;
        let mut connection = server.connect().await?;
        let clock = SystemClock::new();
        for bulk in made.chunks(rows::BULK as usize) {
            raw::insert_many(&mut connection, clock.now(), bulk).await?;
        }
        let raw = clock.monotonic();
        raw::close(connection).await?;
        measure.round(rate(count, ours), rate(count, raw));
    }
    measure.print();
    Ok(())
}

/// The same rows, due four weeks later.
fn later(mut made: Vec<NewTask>) -> Vec<NewTask> {
    for new in &mut made {
        new.due_at += TimeDelta::weeks(4);
        new.wake_at = Some(new.due_at);
    }
    made
}
