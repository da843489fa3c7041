//! Changes and renewals: compare-and-set by set, and told apart where it missed (clauses 6 to 8).

use std::collections::HashMap;
use std::ops::Range;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::error::Sql;
use super::insert::insert_new;
use super::sql::Statements;
use super::{STATEMENT_ITEMS, encode, rows};
use crate::store::check::check_change;
use crate::store::{Change, Extension, WriteOutcome, batch};
use crate::task::{EntryId, Revision, SafeText, TaskId};

/// Writes changes, each with its history entry and its inserts.
pub(super) async fn apply(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    items: &[&Change],
) -> Sql<Vec<WriteOutcome>> {
    let mut outcomes = Vec::with_capacity(items.len());
    for part in parts(items) {
        outcomes.extend(apply_part(connection, statements, now, &items[part]).await?);
    }
    Ok(outcomes)
}

async fn apply_part(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    items: &[&Change],
) -> Sql<Vec<WriteOutcome>> {
    let refused: HashMap<EntryId, SafeText> = items
        .iter()
        .filter_map(|change| Some((change.entry.id, check_change(change).err()?)))
        .collect();
    let sound: Vec<&Change> =
        items.iter().copied().filter(|change| !refused.contains_key(&change.entry.id)).collect();
    let mut found = match sound.is_empty() {
        true => HashMap::new(),
        false => {
            let query = encode::changed_rows(statements.apply.query(), now, &sound);
            outcomes_by_task(&query.fetch_all(&mut *connection).await?)
        }
    };
    let is_written = |change: &&Change| {
        !refused.contains_key(&change.entry.id)
            && matches!(found.get(&change.task), Some(WriteOutcome::Written(_)))
    };
    let inserts: Vec<_> =
        items.iter().filter(|c| is_written(c)).flat_map(|change| &change.inserts).collect();
    insert_new(connection, statements, now, &inserts).await?;
    let missed: Vec<&Change> = items.iter().copied().filter(|c| !is_written(c)).collect();
    let repeated = repeated(connection, statements, &missed).await?;
    let outcome = |change: &&Change| match (repeated.get(&change.entry.id), &change) {
        (Some(revision), _) => WriteOutcome::Written(*revision),
        (None, change) => match refused.get(&change.entry.id) {
            Some(why) => WriteOutcome::Rejected(why.clone()),
            None => found.remove(&change.task).unwrap_or(WriteOutcome::Missing),
        },
    };
    Ok(items.iter().map(outcome).collect())
}

/// Which of these changes are stored already, and with which revision (clause 8).
async fn repeated(
    connection: &mut PgConnection,
    statements: &Statements,
    missed: &[&Change],
) -> Sql<HashMap<EntryId, Revision>> {
    if missed.is_empty() {
        return Ok(HashMap::new());
    }
    let (tasks, entries): (Vec<Uuid>, Vec<Uuid>) =
        missed.iter().map(|change| (change.task.as_uuid(), change.entry.id.as_uuid())).unzip();
    let query = statements.known_entries.query().bind(tasks).bind(entries);
    let found = query.fetch_all(connection).await?;
    let entry = |row| (EntryId::from_uuid(rows::uuid(row, 0)), rows::revision(row, 1));
    Ok(found.iter().map(entry).collect())
}

/// Lengthens leases and marks hand-offs.
pub(super) async fn extend(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    items: &[&Extension],
) -> Sql<Vec<WriteOutcome>> {
    let mut outcomes = Vec::with_capacity(items.len());
    for part in extension_parts(items) {
        let part = &items[part];
        let query = encode::extended_rows(statements.extend.query(), now, part);
        let mut found = outcomes_by_task(&query.fetch_all(&mut *connection).await?);
        let outcome =
            |extension: &&Extension| found.remove(&extension.task).unwrap_or(WriteOutcome::Missing);
        outcomes.extend(part.iter().map(outcome));
    }
    Ok(outcomes)
}

/// What `apply.sql` and `extend.sql` answer for each item: its id, the revision if it was written,
/// whether its row was free, and whether there is one.
fn outcomes_by_task(answers: &[PgRow]) -> HashMap<TaskId, WriteOutcome> {
    let outcome =
        |row| match (rows::optional_number(row, 1), rows::flag(row, 2), rows::flag(row, 3)) {
            (Some(_), ..) => WriteOutcome::Written(rows::revision(row, 1)),
            (None, true, _) => WriteOutcome::Stale,
            (None, false, true) => WriteOutcome::Busy,
            (None, false, false) => WriteOutcome::Missing,
        };
    answers.iter().map(|row| (TaskId::from_uuid(rows::uuid(row, 0)), outcome(row))).collect()
}

/// What one statement takes of a batch of changes.
pub(super) fn parts(items: &[&Change]) -> Vec<Range<usize>> {
    batch::parts(items, STATEMENT_ITEMS, |change| ids(change))
}

/// What one statement takes of a batch of extensions.
pub(super) fn extension_parts(items: &[&Extension]) -> Vec<Range<usize>> {
    batch::parts(items, STATEMENT_ITEMS, |extension| [extension.task.as_uuid()])
}

/// Every id that a change writes or looks for: two items that share one are written in turn.
fn ids(change: &Change) -> impl Iterator<Item = Uuid> {
    let inserts = change.inserts.iter().flat_map(|new| [new.id.as_uuid(), new.entry.id.as_uuid()]);
    inserts.chain([change.task.as_uuid(), change.entry.id.as_uuid()])
}
