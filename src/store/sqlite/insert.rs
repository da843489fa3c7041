//! New rows: stored by set, and told apart afterwards where one was not (clause 2).

use std::collections::{HashMap, HashSet};

use sqlx::SqliteConnection;

use super::encode::InsertItem;
use super::error::Sql;
use super::json;
use super::{STATEMENT_ITEMS, rows};
use crate::store::{InsertOutcome, batch};
use crate::task::{DedupKey, Revision, Task, TaskId};

/// Stores what is new and says of each item how it ended.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    items: &[&InsertItem],
) -> Sql<Vec<InsertOutcome>> {
    let mut outcomes = Vec::with_capacity(items.len());
    for part in batch::parts(items, STATEMENT_ITEMS, |item| [item.id.as_uuid()]) {
        let part = &items[part];
        let stored = store(connection, part).await?;
        let mut taken = match stored.len() == part.len() {
            true => HashMap::new(),
            false => {
                taken(connection, part.iter().filter(|item| !stored.contains(&item.id))).await?
            }
        };
        outcomes.extend(part.iter().map(|item| match taken.remove(&item.id) {
            Some(holder) => InsertOutcome::Taken(Box::new(holder)),
            None => InsertOutcome::Inserted,
        }));
    }
    Ok(outcomes)
}

/// Stores what is new; whatever meets its own id or key stays out.
pub(super) async fn insert_new(
    connection: &mut SqliteConnection,
    items: &[&InsertItem],
) -> Sql<()> {
    for part in batch::parts(items, STATEMENT_ITEMS, |item| [item.id.as_uuid()]) {
        store(connection, &items[part]).await?;
    }
    Ok(())
}

/// Stores one part of a batch, each row with its first entry, and says which rows are new.
async fn store(connection: &mut SqliteConnection, items: &[&InsertItem]) -> Sql<HashSet<TaskId>> {
    let stored: HashSet<TaskId> = sqlx::query(include_str!("sql/insert_tasks.sql"))
        .bind(json::array(items.iter().map(|item| &item.row)))
        .fetch_all(&mut *connection)
        .await?
        .iter()
        .map(|row| TaskId::from_uuid(rows::uuid(row, 0)))
        .collect();
    let new = items.iter().filter(|item| stored.contains(&item.id));
    let first = Revision::FIRST;
    record(connection, new.map(|item| item.entry.with_revision(first))).await?;
    Ok(stored)
}

/// Stores history entries that were given their revisions.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    entries: impl Iterator<Item = String>,
) -> Sql<()> {
    let entries = json::array(entries);
    if entries.len() > "[]".len() {
        sqlx::query(include_str!("sql/insert_entries.sql"))
            .bind(entries)
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Whose key belongs to which other row; an item whose own id is stored is not among them.
async fn taken<'i>(
    connection: &mut SqliteConnection,
    items: impl Iterator<Item = &'i &'i InsertItem> + Clone + Send,
) -> Sql<HashMap<TaskId, Task>> {
    let known = known_tasks(connection, items.clone().map(|item| item.id)).await?;
    let items: Vec<_> = items.filter(|item| !known.contains(&item.id)).collect();
    let found = sqlx::query(include_str!("sql/holders.sql"))
        .bind(json::texts(items.iter().map(|item| item.key.as_str())))
        .fetch_all(connection)
        .await?;
    let holders: HashMap<DedupKey, Task> =
        found.iter().map(rows::task).map(|task| (task.dedup_key.clone(), task)).collect();
    let holder = |item: &&InsertItem| Some((item.id, holders.get(&item.key)?.clone()));
    Ok(items.into_iter().filter_map(holder).collect())
}

/// Which of these rows exist.
pub(super) async fn known_tasks(
    connection: &mut SqliteConnection,
    ids: impl Iterator<Item = TaskId>,
) -> Sql<HashSet<TaskId>> {
    let found = sqlx::query(include_str!("sql/known_tasks.sql"))
        .bind(json::ids(ids.map(|id| id.as_uuid())))
        .fetch_all(connection)
        .await?;
    Ok(found.iter().map(|row| TaskId::from_uuid(rows::uuid(row, 0))).collect())
}
