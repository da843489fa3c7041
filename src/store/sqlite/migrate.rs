//! The tables and views, made and changed step by step, with a ledger of our own.
//!
//! One `begin immediate` covers the ledger and the steps: of ten processes that start at once one
//! makes the tables, the others wait for it and find them made. An interrupted migration leaves
//! nothing behind.

use std::time::Duration;

use sqlx::{Connection, SqliteConnection};

use super::error::{Sql, fault, is_busy, refusal};
use super::rows;
use crate::store::StoreResult;
use crate::time::{Clock, SystemClock, saturating_add};

/// The schema that this version of the library makes and works with.
pub(super) const SCHEMA: u32 = 1;

const OPERATION: &str = "migrate";

/// Tries to turn on the write-ahead log, which needs the file for itself for a moment, and the
/// pause between two.
const LOG_TRIES: u32 = 50;
const LOG_PAUSE: Duration = Duration::from_millis(100);

/// Turns on the write-ahead log and brings the tables to [`SCHEMA`].
pub(super) async fn migrate(connection: &mut SqliteConnection) -> StoreResult<()> {
    let found = version(connection).await.map_err(|cause| fault(OPERATION, cause))?;
    refuse_newer(found)?;
    turn_on_log(connection).await?;
    if found == SCHEMA {
        return Ok(());
    }
    let begun = connection.begin_with("begin immediate").await;
    let mut transaction = begun.map_err(|cause| fault(OPERATION, cause))?;
    let found = version(&mut transaction).await.map_err(|cause| fault(OPERATION, cause))?;
    refuse_newer(found)?;
    if found < 1 {
        first_step(&mut transaction).await.map_err(|cause| fault(OPERATION, cause))?;
    }
    transaction.commit().await.map_err(|cause| fault(OPERATION, cause))
}

/// Which schema the file has; 0 for none.
pub(super) async fn version(connection: &mut SqliteConnection) -> Sql<u32> {
    if !is_taken(connection, "puntual_schema_history").await? {
        return Ok(0);
    }
    let row = sqlx::query(include_str!("sql/schema_version.sql")).fetch_one(connection).await?;
    Ok(rows::small(&row, 0))
}

pub(super) fn refuse_newer(found: u32) -> StoreResult<()> {
    if found <= SCHEMA {
        return Ok(());
    }
    let detail = format!(
        "the file has schema {found}, made by a newer version of this library; this one knows \
         schemas up to {SCHEMA}"
    );
    Err(refusal(OPERATION, detail))
}

async fn first_step(connection: &mut SqliteConnection) -> Sql<()> {
    for step in [
        include_str!("migrations/ledger.sql"),
        include_str!("migrations/0001_tables.sql"),
        include_str!("migrations/0001_views.sql"),
    ] {
        sqlx::raw_sql(step).execute(&mut *connection).await?;
    }
    for (name, view) in [
        ("scheduled_tasks", include_str!("migrations/0001_scheduled_tasks.sql")),
        ("notifications", include_str!("migrations/0001_notifications.sql")),
    ] {
        if !is_taken(connection, name).await? {
            sqlx::raw_sql(view).execute(&mut *connection).await?;
        }
    }
    sqlx::query(include_str!("sql/schema_record.sql"))
        .bind(1)
        .bind("tables and views")
        .bind(env!("CARGO_PKG_VERSION"))
        .execute(connection)
        .await?;
    Ok(())
}

async fn is_taken(connection: &mut SqliteConnection, name: &str) -> Sql<bool> {
    let row =
        sqlx::query(include_str!("sql/name_is_taken.sql")).bind(name).fetch_one(connection).await?;
    Ok(rows::number(&row, 0) > 0)
}

/// The mode is kept in the file. SQLite's own busy timeout does not cover this switch while
/// others open the file too, hence the tries.
async fn turn_on_log(connection: &mut SqliteConnection) -> StoreResult<()> {
    let clock = SystemClock::new();
    let mut tries = 0;
    loop {
        match sqlx::query("pragma journal_mode = wal").fetch_one(&mut *connection).await {
            Ok(row) if rows::text(&row, 0).eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(row) => {
                let mode = rows::text(&row, 0);
                let detail = format!(
                    "the file stays in journal mode {mode:?} and cannot have a write-ahead log: \
                     is it in memory, or on a network?"
                );
                return Err(refusal(OPERATION, detail));
            }
            Err(cause) if is_busy(&cause) && tries < LOG_TRIES => {
                tries += 1;
                clock.sleep_until(saturating_add(clock.now(), LOG_PAUSE)).await;
            }
            Err(cause) => return Err(fault(OPERATION, cause)),
        }
    }
}
