//! Changes and renewals: compare-and-set by set, and told apart where it missed (clauses 6 to 8).

use std::collections::HashMap;

use sqlx::SqliteConnection;

use super::encode::{ApplyItem, ExtendItem};
use super::error::Sql;
use super::insert::{insert_new, known_tasks, record};
use super::json;
use super::{STATEMENT_ITEMS, rows};
use crate::store::{WriteOutcome, batch};
use crate::task::{EntryId, Revision, TaskId};

/// Writes changes, each with its history entry and its inserts.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    items: &[&ApplyItem],
) -> Sql<Vec<WriteOutcome>> {
    let mut outcomes = Vec::with_capacity(items.len());
    for part in batch::parts(items, STATEMENT_ITEMS, |item| item.ids()) {
        outcomes.extend(apply_part(connection, &items[part]).await?);
    }
    Ok(outcomes)
}

async fn apply_part(
    connection: &mut SqliteConnection,
    items: &[&ApplyItem],
) -> Sql<Vec<WriteOutcome>> {
    let sound = items.iter().filter_map(|item| item.row.as_ref().ok());
    let rows = json::array(sound);
    let written = write(connection, include_str!("sql/apply.sql"), rows).await?;
    let missed: Vec<&ApplyItem> =
        items.iter().copied().filter(|item| !written.contains_key(&item.task)).collect();
    let mut explained = explain(connection, &missed).await?.into_iter();
    let entries = items.iter().filter_map(|item| {
        written.get(&item.task).map(|revision| item.entry.with_revision(*revision))
    });
    record(connection, entries).await?;
    let inserts: Vec<_> = items
        .iter()
        .filter(|item| written.contains_key(&item.task))
        .flat_map(|item| &item.inserts)
        .collect();
    insert_new(connection, &inserts).await?;
    let outcome = |item: &&ApplyItem| match written.get(&item.task) {
        Some(revision) => WriteOutcome::Written(*revision),
        None => explained.next().unwrap_or(WriteOutcome::Missing),
    };
    Ok(items.iter().map(outcome).collect())
}

/// Why changes were not written, in their order: repeated, refused, without a row, or too late.
async fn explain(
    connection: &mut SqliteConnection,
    missed: &[&ApplyItem],
) -> Sql<Vec<WriteOutcome>> {
    if missed.is_empty() {
        return Ok(Vec::new());
    }
    let entries = json::ids(missed.iter().map(|item| item.entry.id.as_uuid()));
    let found = sqlx::query(include_str!("sql/known_entries.sql"))
        .bind(entries)
        .fetch_all(&mut *connection)
        .await?;
    let entry = |row| (EntryId::from_uuid(rows::uuid(row, 0)), rows::revision(row, 1));
    let repeated: HashMap<EntryId, Revision> = found.iter().map(entry).collect();
    let known = known_tasks(connection, missed.iter().map(|item| item.task)).await?;
    let outcome = |item: &&ApplyItem| match (repeated.get(&item.entry.id), &item.row) {
        (Some(revision), _) => WriteOutcome::Written(*revision),
        (None, Err(why)) => WriteOutcome::Rejected(why.clone()),
        (None, Ok(_)) if known.contains(&item.task) => WriteOutcome::Stale,
        (None, Ok(_)) => WriteOutcome::Missing,
    };
    Ok(missed.iter().map(outcome).collect())
}

/// Lengthens leases and marks hand-offs.
pub(super) async fn extend(
    connection: &mut SqliteConnection,
    items: &[&ExtendItem],
) -> Sql<Vec<WriteOutcome>> {
    let mut outcomes = Vec::with_capacity(items.len());
    for part in batch::parts(items, STATEMENT_ITEMS, |item| [item.task.as_uuid()]) {
        let part = &items[part];
        let rows = json::array(part.iter().map(|item| &item.row));
        let written = write(connection, include_str!("sql/extend.sql"), rows).await?;
        let missed = part.iter().map(|item| item.task).filter(|id| !written.contains_key(id));
        let known = match written.len() == part.len() {
            true => Default::default(),
            false => known_tasks(connection, missed).await?,
        };
        outcomes.extend(part.iter().map(|item| match written.get(&item.task) {
            Some(revision) => WriteOutcome::Written(*revision),
            None if known.contains(&item.task) => WriteOutcome::Stale,
            None => WriteOutcome::Missing,
        }));
    }
    Ok(outcomes)
}

/// Runs a statement that updates rows and answers with the ids and revisions of those it found.
async fn write(
    connection: &mut SqliteConnection,
    statement: &'static str,
    rows: String,
) -> Sql<HashMap<TaskId, Revision>> {
    let written = sqlx::query(statement).bind(rows).fetch_all(connection).await?;
    let revision = |row| (TaskId::from_uuid(rows::uuid(row, 0)), rows::revision(row, 1));
    Ok(written.iter().map(revision).collect())
}
