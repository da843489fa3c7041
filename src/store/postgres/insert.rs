//! New rows: stored by set, and told apart afterwards where one was not (clause 2).

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::error::Sql;
use super::sql::Statements;
use super::{STATEMENT_ITEMS, encode, rows};
use crate::store::{InsertOutcome, batch};
use crate::task::{DedupKey, NewTask, Task, TaskId};

/// Stores what is new, each row with its first entry, and says of each item how it ended.
pub(super) async fn insert(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    items: &[&NewTask],
) -> Sql<Vec<InsertOutcome>> {
    let mut outcomes = Vec::with_capacity(items.len());
    for part in parts(items) {
        let part = &items[part];
        let stored = store(connection, statements, now, part).await?;
        let missed: Vec<&NewTask> =
            part.iter().copied().filter(|new| !stored.contains(&new.id)).collect();
        let mut taken = taken(connection, statements, &missed).await?;
        outcomes.extend(part.iter().map(|new| match taken.remove(&new.id) {
            Some(holder) => InsertOutcome::Taken(Box::new(holder)),
            None => InsertOutcome::Inserted,
        }));
    }
    Ok(outcomes)
}

/// Stores what is new; whatever meets its own id or key stays out.
pub(super) async fn insert_new(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    items: &[&NewTask],
) -> Sql<()> {
    for part in parts(items) {
        store(connection, statements, now, &items[part]).await?;
    }
    Ok(())
}

/// What one statement takes of a batch.
pub(super) fn parts(items: &[&NewTask]) -> Vec<Range<usize>> {
    batch::parts(items, STATEMENT_ITEMS, |new| [new.id.as_uuid()])
}

async fn store(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    items: &[&NewTask],
) -> Sql<HashSet<TaskId>> {
    let stored =
        encode::new_rows(statements.insert_tasks.query(), now, items).fetch_all(connection).await?;
    Ok(stored.iter().map(|row| TaskId::from_uuid(rows::uuid(row, 0))).collect())
}

/// Whose key belongs to which other row; an item whose own id is stored is not among them.
async fn taken(
    connection: &mut PgConnection,
    statements: &Statements,
    missed: &[&NewTask],
) -> Sql<HashMap<TaskId, Task>> {
    if missed.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<_> = missed.iter().map(|new| new.id.as_uuid()).collect();
    let known: HashSet<TaskId> = statements
        .known_tasks
        .query()
        .bind(ids)
        .fetch_all(&mut *connection)
        .await?
        .iter()
        .map(|row| TaskId::from_uuid(rows::uuid(row, 0)))
        .collect();
    let missed: Vec<&NewTask> =
        missed.iter().copied().filter(|new| !known.contains(&new.id)).collect();
    let keys: Vec<String> = missed.iter().map(|new| new.dedup_key.as_str().to_owned()).collect();
    let found = statements.holders.query().bind(keys).fetch_all(connection).await?;
    let holders: HashMap<DedupKey, Task> =
        found.iter().map(rows::task).map(|task| (task.dedup_key.clone(), task)).collect();
    // A holder that was erased since then: the caller asks again.
    let holder = |new: &NewTask| match holders.get(&new.dedup_key) {
        Some(holder) => Ok((new.id, holder.clone())),
        None => Err(sqlx::Error::RowNotFound),
    };
    missed.into_iter().map(holder).collect()
}
