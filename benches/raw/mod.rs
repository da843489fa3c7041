//! The raw reference: the same guarantee without an engine, by hand-written SQL through the same
//! driver. Here SQLite: one connection, write-ahead log, `synchronous=full`, JSON binds.
#![allow(dead_code, reason = "each bench uses a part of it")]

pub(crate) mod postgres;

use std::path::Path;
use std::time::Duration;

use puntual::chrono::{DateTime, TimeDelta, Utc};
use puntual::task::{NewTask, TaskId};
use puntual::testing::{claim_id, entry_id};
use serde::Serialize;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use crate::support::Result;

/// Rows in one claim and in one completion.
const BATCH: i64 = 500;

/// Opens a file with the settings of the store.
pub(crate) async fn open(path: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(30))
        .pragma("temp_store", "memory")
        .row_buffer_size(512);
    Ok(options.connect().await?)
}

/// Makes the tables.
pub(crate) async fn create(connection: &mut SqliteConnection) -> Result<()> {
    sqlx::raw_sql(include_str!("schema.sql")).execute(connection).await?;
    Ok(())
}

/// Makes a file with the rows of one of ours.
pub(crate) async fn copy(ours: &Path, raw: &Path) -> Result<()> {
    let mut connection = open(raw).await?;
    create(&mut connection).await?;
    let attach = format!("attach database '{}' as ours", ours.display());
    sqlx::query(AssertSqlSafe(attach)).execute(&mut connection).await?;
    sqlx::query(include_str!("copy_tasks.sql")).execute(&mut connection).await?;
    sqlx::query(include_str!("copy_history.sql")).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// The average bytes of a row's texts and of its body.
pub(crate) async fn row_bytes(connection: &mut SqliteConnection) -> Result<(f64, f64)> {
    let statement = "select avg(octet_length(concat(id, kind, subject_kind, subject_id, person, \
        channel, dedup_key, state, recipient, data, body)) + 8 * 8), avg(octet_length(body)) \
        from raw_tasks";
    let row = sqlx::query(statement).fetch_one(connection).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// The columns of a claimed row, all of them read.
struct Claimed {
    id: TaskId,
    revision: i64,
    due_at: i64,
    texts: [String; 10],
    numbers: [Option<i64>; 13],
}

fn claimed(row: &SqliteRow) -> Result<Claimed> {
    let text = |column| row.try_get::<Option<String>, _>(column).map(Option::unwrap_or_default);
    let number = |column| row.try_get::<Option<i64>, _>(column);
    let id: [u8; 16] = row.try_get::<&[u8], _>(0)?.try_into()?;
    let mut texts: [String; 10] = Default::default();
    for (to, from) in texts.iter_mut().zip([2, 3, 4, 5, 6, 8, 9, 23, 24, 25]) {
        *to = text(from)?;
    }
    let mut numbers = [None; 13];
    for (to, from) in numbers.iter_mut().zip([1, 7, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21]) {
        *to = number(from)?;
    }
    let id = TaskId::from_uuid(uuid::Uuid::from_bytes(id));
    let (revision, due_at) = (row.try_get(1)?, row.try_get(11)?);
    Ok(Claimed { id, revision, due_at, texts, numbers })
}

#[derive(Serialize)]
struct Done {
    #[serde(with = "uuid::serde::simple")]
    id: uuid::Uuid,
    #[serde(with = "uuid::serde::simple")]
    entry: uuid::Uuid,
    revision: i64,
    lateness: i64,
}

/// Claims and completes everything that is due, in batches; with `marks` also marks hand-offs.
/// Answers how many rows it was.
pub(crate) async fn drain(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    marks: bool,
) -> Result<u64> {
    let mut all = 0;
    loop {
        let claim = claim_id(now).as_uuid().into_bytes().to_vec();
        let mut rows = claim_batch(connection, now, &claim).await?;
        if rows.is_empty() {
            return Ok(all);
        }
        if marks {
            hand_off(connection, now, &claim, &mut rows).await?;
        }
        all += complete(connection, now, &rows).await?;
        drop(std::hint::black_box(rows));
    }
}

async fn claim_batch(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    claim: &[u8],
) -> Result<Vec<Claimed>> {
    let found = sqlx::query(include_str!("claim.sql"))
        .bind(claim)
        .bind((now + TimeDelta::seconds(30)).timestamp_micros())
        .bind(now.timestamp_micros())
        .bind("email")
        .bind(1)
        .bind(BATCH)
        .fetch_all(connection)
        .await?;
    found.iter().map(claimed).collect()
}

async fn hand_off(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    claim: &[u8],
    rows: &mut [Claimed],
) -> Result<()> {
    let ids: Vec<String> = rows.iter().map(|row| row.id.as_uuid().simple().to_string()).collect();
    let marked = sqlx::query(include_str!("hand_off.sql"))
        .bind(serde_json::to_string(&ids)?)
        .bind((now + TimeDelta::seconds(30)).timestamp_micros())
        .bind(now.timestamp_micros())
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
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    rows: &[Claimed],
) -> Result<u64> {
    let micros = now.timestamp_micros();
    let done = |row: &Claimed| Done {
        id: row.id.as_uuid(),
        entry: entry_id(now).as_uuid(),
        revision: row.revision,
        lateness: micros - row.due_at,
    };
    let all = serde_json::to_string(&rows.iter().map(done).collect::<Vec<_>>())?;
    let mut transaction = connection.begin_with("begin immediate").await?;
    let completed = sqlx::query(include_str!("complete.sql"))
        .bind(&all)
        .bind(micros)
        .fetch_all(&mut *transaction)
        .await?
        .len();
    sqlx::query(include_str!("record.sql"))
        .bind(&all)
        .bind(micros)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(completed as u64)
}

/// Inserts one row, in a transaction of its own.
pub(crate) async fn insert_one(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    new: &NewTask,
) -> Result<()> {
    sqlx::query(include_str!("insert_one.sql"))
        .bind(new.id.as_uuid().into_bytes().to_vec())
        .bind(new.kind.as_str())
        .bind(new.subject.kind())
        .bind(new.subject.id())
        .bind(new.person.as_str())
        .bind(new.channel.as_str())
        .bind(new.priority.as_number())
        .bind(new.dedup_key.as_str())
        .bind(new.state.as_str())
        .bind(new.event_at.map(|at| at.timestamp_micros()))
        .bind(new.due_at.timestamp_micros())
        .bind(new.expires_at.timestamp_micros())
        .bind(new.wake_at.map(|at| at.timestamp_micros()))
        .bind(now.timestamp_micros())
        .bind(new.recipient.as_str())
        .bind(new.data.as_str())
        .bind(new.body.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(Serialize)]
struct NewRow<'a> {
    #[serde(with = "uuid::serde::simple")]
    id: uuid::Uuid,
    kind: &'a str,
    subject_kind: &'a str,
    subject_id: &'a str,
    person: &'a str,
    channel: &'a str,
    priority: u8,
    dedup_key: &'a str,
    state: &'a str,
    event_at: Option<i64>,
    due_at: i64,
    expires_at: i64,
    wake_at: Option<i64>,
    created_at: i64,
    recipient: &'a str,
    data: &'a str,
    body: &'a str,
}

/// Inserts many rows by one statement.
pub(crate) async fn insert_many(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    all: &[NewTask],
) -> Result<()> {
    let row = |new: &'_ NewTask| serde_json::to_string(&new_row(now, new));
    let rows = all.iter().map(row).collect::<std::result::Result<Vec<_>, _>>()?;
    let rows = format!("[{}]", rows.join(","));
    sqlx::query(include_str!("insert_many.sql")).bind(rows).execute(connection).await?;
    Ok(())
}

fn new_row(now: DateTime<Utc>, new: &NewTask) -> NewRow<'_> {
    NewRow {
        id: new.id.as_uuid(),
        kind: new.kind.as_str(),
        subject_kind: new.subject.kind(),
        subject_id: new.subject.id(),
        person: new.person.as_str(),
        channel: new.channel.as_str(),
        priority: new.priority.as_number(),
        dedup_key: new.dedup_key.as_str(),
        state: new.state.as_str(),
        event_at: new.event_at.map(|at| at.timestamp_micros()),
        due_at: new.due_at.timestamp_micros(),
        expires_at: new.expires_at.timestamp_micros(),
        wake_at: new.wake_at.map(|at| at.timestamp_micros()),
        created_at: now.timestamp_micros(),
        recipient: new.recipient.as_str(),
        data: new.data.as_str(),
        body: new.body.as_str(),
    }
}
