//! The raw reference in Postgres: the same guarantee without an engine, by hand-written SQL through
//! the same driver, in batches of 500 on two connections.

use std::time::Duration;

use puntual::chrono::{DateTime, Utc};
use puntual::task::NewTask;
use puntual::testing::{claim_id, entry_id};
use puntual::time::{Clock, SystemClock};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::BATCH;
use crate::support::Result;

const CONNECTIONS: usize = 2;
const LEASE: Duration = Duration::from_secs(30);

/// The columns of a claimed row, all of them read.
struct Claimed {
    id: Uuid,
    revision: i64,
    due_at: DateTime<Utc>,
    texts: [Option<String>; 12],
    instants: [Option<DateTime<Utc>>; 7],
    numbers: (i16, Option<Uuid>, i64, i64),
}

fn claimed(row: &PgRow) -> Result<Claimed> {
    let mut texts: [Option<String>; 12] = Default::default();
    for (to, from) in texts.iter_mut().zip([2, 3, 4, 5, 6, 8, 9, 22, 23, 24, 25]) {
        *to = row.try_get(from)?;
    }
    let mut instants = [None; 7];
    for (to, from) in instants.iter_mut().zip([10, 12, 13, 15, 17, 19, 20]) {
        *to = row.try_get(from)?;
    }
    let numbers = (row.try_get(7)?, row.try_get(14)?, row.try_get(16)?, row.try_get(18)?);
    let (id, revision, due_at) = (row.try_get(0)?, row.try_get(1)?, row.try_get(11)?);
    Ok(Claimed { id, revision, due_at, texts, instants, numbers })
}

/// Claims and completes everything that is due; with `marks` also marks hand-offs. Answers how
/// many rows it was, and how long it took.
pub(crate) async fn drain(options: &PgConnectOptions, marks: bool) -> Result<(u64, Duration)> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(options.connect().await?);
    }
    let clock = SystemClock::new();
    let mut all = JoinSet::new();
    for mut connection in connections {
        let clock = clock.clone();
        all.spawn(async move { drain_by_one(&mut connection, &clock, marks).await });
    }
    let mut drained = 0;
    while let Some(count) = all.join_next().await {
        drained += count??;
    }
    Ok((drained, clock.monotonic()))
}

async fn drain_by_one(
    connection: &mut PgConnection,
    clock: &SystemClock,
    marks: bool,
) -> Result<u64> {
    let mut all = 0;
    loop {
        let now = clock.now();
        let claim = claim_id(now).as_uuid();
        let mut rows = claim_batch(connection, now, claim).await?;
        if rows.is_empty() {
            return Ok(all);
        }
        if marks {
            hand_off(connection, now, claim, &mut rows).await?;
        }
        all += complete(connection, now, &rows).await?;
        let read = |row: &Claimed| (row.texts.len(), row.instants.len(), row.numbers.0);
        std::hint::black_box(rows.iter().map(read).collect::<Vec<_>>());
    }
}

async fn claim_batch(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    claim: Uuid,
) -> Result<Vec<Claimed>> {
    let found = sqlx::query(include_str!("claim.sql"))
        .bind(claim)
        .bind(now + LEASE)
        .bind(now)
        .bind("email")
        .bind(1_i16)
        .bind(BATCH)
        .fetch_all(connection)
        .await?;
    found.iter().map(claimed).collect()
}

/// Claims what is due now; answers how many rows it was.
pub(crate) async fn claim(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<usize> {
    Ok(claim_batch(connection, now, claim_id(now).as_uuid()).await?.len())
}

async fn hand_off(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    claim: Uuid,
    rows: &mut [Claimed],
) -> Result<()> {
    let marked = sqlx::query(include_str!("hand_off.sql"))
        .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
        .bind(now + LEASE)
        .bind(now)
        .bind(claim)
        .fetch_all(connection)
        .await?;
    if marked.len() != rows.len() {
        return Err("a hand-off was lost".into());
    }
    rows.iter_mut().for_each(|row| row.revision += 1);
    Ok(())
}

async fn complete(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    rows: &[Claimed],
) -> Result<u64> {
    let lateness = |row: &Claimed| (now - row.due_at).num_microseconds().unwrap_or_default();
    let completed = sqlx::query(include_str!("complete.sql"))
        .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.revision).collect::<Vec<_>>())
        .bind(rows.iter().map(|_| entry_id(now).as_uuid()).collect::<Vec<_>>())
        .bind(rows.iter().map(lateness).collect::<Vec<_>>())
        .bind(now)
        .fetch_all(connection)
        .await?;
    Ok(completed.len() as u64)
}

/// Inserts one row, in a transaction of its own.
pub(crate) async fn insert_one(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    new: &NewTask,
) -> Result<()> {
    sqlx::query(include_str!("insert_one.sql"))
        .bind(new.id.as_uuid())
        .bind(new.kind.as_str())
        .bind(new.subject.kind())
        .bind(new.subject.id())
        .bind(new.person.as_str())
        .bind(new.channel.as_str())
        .bind(i16::from(new.priority.as_number()))
        .bind(new.dedup_key.as_str())
        .bind(new.state.as_str())
        .bind(new.event_at)
        .bind(new.due_at)
        .bind(new.expires_at)
        .bind(new.wake_at)
        .bind(now)
        .bind(new.recipient.as_str())
        .bind(new.data.as_str())
        .bind(new.body.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Inserts many rows by one statement.
pub(crate) async fn insert_many(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    all: &[NewTask],
) -> Result<()> {
    fn column<'a, T>(all: &'a [NewTask], of: impl Fn(&'a NewTask) -> T) -> Vec<T> {
        all.iter().map(of).collect()
    }
    sqlx::query(include_str!("insert_many.sql"))
        .bind(now)
        .bind(column(all, |new| new.id.as_uuid()))
        .bind(column(all, |new| new.kind.as_str()))
        .bind(column(all, |new| new.subject.kind()))
        .bind(column(all, |new| new.subject.id()))
        .bind(column(all, |new| new.person.as_str()))
        .bind(column(all, |new| new.channel.as_str()))
        .bind(column(all, |new| i16::from(new.priority.as_number())))
        .bind(column(all, |new| new.dedup_key.as_str()))
        .bind(column(all, |new| new.state.as_str()))
        .bind(column(all, |new| new.event_at))
        .bind(column(all, |new| new.due_at))
        .bind(column(all, |new| new.expires_at))
        .bind(column(all, |new| new.wake_at))
        .bind(column(all, |new| new.recipient.as_str()))
        .bind(column(all, |new| new.data.as_str()))
        .bind(column(all, |new| new.body.as_str()))
        .execute(connection)
        .await?;
    Ok(())
}

/// Closes what was opened for a reference.
pub(crate) async fn close(connection: PgConnection) -> Result<()> {
    Ok(connection.close().await?)
}
