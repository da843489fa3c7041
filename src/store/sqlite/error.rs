//! What SQLite's errors mean to a caller: their kinds, and words for people.

use std::sync::Arc;

use crate::store::{StoreError, StoreErrorKind};

/// What a statement answers before anybody knows for which operation it ran.
pub(super) type Sql<T> = Result<T, sqlx::Error>;

/// An error of `operation`, of the kind that its cause has.
pub(super) fn fault(operation: &'static str, cause: impl Into<Arc<sqlx::Error>>) -> StoreError {
    let cause = cause.into();
    let (kind, detail) = classify(&cause);
    let detail = match detail {
        Some(detail) => format!("{detail} ({cause})"),
        None => cause.to_string(),
    };
    StoreError::new(kind, operation, detail).with_source(cause)
}

/// Whether nothing was written because another connection was at it.
pub(super) fn is_busy(cause: &sqlx::Error) -> bool {
    matches!(primary_code(cause), Some(BUSY | LOCKED))
}

/// An error that lies in what was asked and not in the file.
pub(super) fn refusal(operation: &'static str, detail: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Permanent, operation, detail.into())
}

/// The task that was to answer is gone: its runtime ended, or it was closed.
pub(super) fn gone(operation: &'static str) -> StoreError {
    let detail = "the store was closed, or the runtime on which it was opened has ended";
    StoreError::new(StoreErrorKind::Transient, operation, detail)
}

// Primary result codes, <https://sqlite.org/rescode.html>.
const ERROR: i32 = 1;
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const CONSTRAINT: i32 = 19;
const NOTADB: i32 = 26;

fn classify(cause: &sqlx::Error) -> (StoreErrorKind, Option<&'static str>) {
    use StoreErrorKind::{Conflict, Permanent, Transient};
    match primary_code(cause) {
        Some(BUSY | LOCKED) => (
            Conflict,
            Some(
                "the file was locked for longer than the 5 s that a write waits; a host's own \
             transaction that stays open holds that lock, and calling the engine outside `within` \
             while it does waits for itself",
            ),
        ),
        Some(FULL) => (Transient, Some("the disk is full, nothing was written")),
        Some(IOERR) => (Transient, Some("reading or writing the file failed")),
        Some(READONLY) => (Permanent, Some("the file cannot be written")),
        Some(CORRUPT) => (Permanent, Some("the file is damaged")),
        Some(NOTADB) => (Permanent, Some("the file is no SQLite database")),
        Some(CANTOPEN) => (Permanent, Some("the file cannot be opened")),
        Some(ERROR) if cause.to_string().contains("no such table: puntual_") => {
            (Permanent, Some("its tables are missing: `SqliteStore::migrate` makes them"))
        }
        Some(ERROR | CONSTRAINT) => (Permanent, None),
        Some(_) => (Transient, None),
        None => match cause {
            sqlx::Error::PoolTimedOut => {
                (Transient, Some("all connections of the pool are in use"))
            }
            sqlx::Error::PoolClosed => (Permanent, Some("the pool is closed")),
            sqlx::Error::Configuration(_) => (Permanent, None),
            _ => (Transient, None),
        },
    }
}

fn primary_code(cause: &sqlx::Error) -> Option<i32> {
    let code: i32 = cause.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
