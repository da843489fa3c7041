//! Notes: small shared documents, written by compare-and-set.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::encode::stored;
use super::error::Sql;
use super::rows;
use super::sql::Statements;
use crate::store::{Note, NoteWrite, WriteOutcome};

/// Reads notes by name, in the order of the names.
pub(super) async fn read(
    connection: &mut PgConnection,
    statements: &Statements,
    names: &[String],
) -> Sql<Vec<Option<Note>>> {
    let query = statements.notes_read.query().bind(names.to_vec());
    let found = query.fetch_all(connection).await?;
    let notes: HashMap<String, Note> =
        found.iter().map(rows::note).map(|note| (note.name.clone(), note)).collect();
    Ok(names.iter().map(|name| notes.get(name).cloned()).collect())
}

/// Notes whose name begins with `prefix`, by name.
pub(super) async fn list(
    connection: &mut PgConnection,
    statements: &Statements,
    prefix: &str,
    limit: u32,
) -> Sql<Vec<Note>> {
    let query = statements.notes_list.query().bind(prefix.to_owned()).bind(i64::from(limit));
    Ok(query.fetch_all(connection).await?.iter().map(rows::note).collect())
}

/// Writes one note where its revision is still the expected one.
pub(super) async fn write(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    write: &NoteWrite,
) -> Sql<WriteOutcome> {
    let name = write.name.clone();
    let query = match (&write.text, write.expected) {
        (Some(text), None) => {
            statements.note_create.query().bind(name).bind(text.clone()).bind(now)
        }
        (Some(text), Some(seen)) => {
            let query = statements.note_update.query().bind(name).bind(text.clone());
            query.bind(now).bind(stored(seen))
        }
        (None, Some(seen)) => statements.note_delete.query().bind(name).bind(stored(seen)),
        (None, None) => {
            let found = read(connection, statements, &[name]).await?;
            return Ok(match found.into_iter().flatten().next() {
                Some(_) => WriteOutcome::Stale,
                None => WriteOutcome::Missing,
            });
        }
    };
    let written = query.fetch_optional(connection).await?;
    Ok(written.map_or(WriteOutcome::Stale, |row| WriteOutcome::Written(rows::revision(&row, 0))))
}
