//! Erasing finished rows, with the books kept balanced (clause 15).

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::error::Sql;
use super::rows;
use super::sql::Statements;
use crate::store::Erase;

/// Erases, and says from how many rows. A row that somebody else has locked is left for the next
/// call.
pub(super) async fn erase(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    what: &Erase,
    limit: u32,
) -> Sql<u64> {
    let limit = i64::from(limit);
    let query = match what {
        Erase::FinishedBefore(before) => {
            statements.erase_finished_before.query().bind(*before).bind(limit)
        }
        Erase::BodiesBefore(before) => {
            statements.blank_bodies_before.query().bind(*before).bind(limit).bind(now)
        }
        Erase::Person(person) => {
            statements.erase_person.query().bind(person.as_str().to_owned()).bind(limit)
        }
    };
    Ok(rows::count(&query.fetch_one(connection).await?, 0))
}
