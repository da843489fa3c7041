//! Erasing finished rows, with the books kept balanced (clause 15).

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::error::Sql;
use super::json::{self, micros};
use super::rows;
use crate::store::Erase;
use crate::task::TaskId;

/// Rows found to erase: which, and as what they were found.
#[derive(Debug)]
pub(super) struct Erasure {
    pub(super) now: DateTime<Utc>,
    /// Whether only what is personal goes.
    pub(super) blank: bool,
    pub(super) rows: Vec<(TaskId, i64)>,
}

/// Looks for what may be erased. It may read every row, so it runs before the writer is asked.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    what: &Erase,
    limit: u32,
) -> Sql<Vec<(TaskId, i64)>> {
    let (finished, bodies) = (
        include_str!("sql/erasable_finished_before.sql"),
        include_str!("sql/erasable_bodies_before.sql"),
    );
    let query = match what {
        Erase::FinishedBefore(before) => sqlx::query(finished).bind(micros(*before)),
        Erase::BodiesBefore(before) => sqlx::query(bodies).bind(micros(*before)),
        Erase::Person(person) => {
            sqlx::query(include_str!("sql/erasable_person.sql")).bind(person.as_str().to_owned())
        }
    };
    let found = query.bind(limit).fetch_all(connection).await?;
    let row = |row| (TaskId::from_uuid(rows::uuid(row, 0)), rows::number(row, 1));
    Ok(found.iter().map(row).collect())
}

/// Erases what is still as it was found, and says how many rows that were.
pub(super) async fn erase(connection: &mut SqliteConnection, erasure: &Erasure) -> Sql<u64> {
    let confirmed = sqlx::query(include_str!("sql/erase_confirm.sql"))
        .bind(json::rows_seen(&erasure.rows))
        .fetch_all(&mut *connection)
        .await?;
    let ids = json::ids(confirmed.iter().map(|row| rows::uuid(row, 0)));
    if erasure.blank {
        sqlx::query(include_str!("sql/blank_tasks.sql"))
            .bind(&ids)
            .bind(micros(erasure.now))
            .execute(&mut *connection)
            .await?;
        sqlx::query(include_str!("sql/blank_entries.sql")).bind(&ids).execute(connection).await?;
    } else {
        for statement in [
            include_str!("sql/erase_count_tasks.sql"),
            include_str!("sql/erase_count_entries.sql"),
            include_str!("sql/erase_entries.sql"),
            include_str!("sql/erase_tasks.sql"),
        ] {
            sqlx::query(statement).bind(&ids).execute(&mut *connection).await?;
        }
    }
    Ok(confirmed.len() as u64)
}
