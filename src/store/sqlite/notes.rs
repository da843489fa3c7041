//! Notes: small shared documents with compare-and-set.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::error::Sql;
use super::json::{self, micros};
use super::rows;
use crate::store::{Note, NoteWrite, WriteOutcome};
use crate::task::Revision;

/// Notes by name, one answer for each name.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    names: &[String],
) -> Sql<Vec<Option<Note>>> {
    let found = sqlx::query(include_str!("sql/notes_read.sql"))
        .bind(json::texts(names.iter().map(String::as_str)))
        .fetch_all(connection)
        .await?;
    let notes: HashMap<String, Note> =
        found.iter().map(rows::note).map(|note| (note.name.clone(), note)).collect();
    Ok(names.iter().map(|name| notes.get(name).cloned()).collect())
}

/// Notes whose name begins with `prefix`, by name.
pub(super) async fn list(
    connection: &mut SqliteConnection,
    prefix: &str,
    limit: u32,
) -> Sql<Vec<Note>> {
    let found = sqlx::query(include_str!("sql/notes_list.sql"))
        .bind(prefix)
        .bind(end_of(prefix))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    Ok(found.iter().map(rows::note).collect())
}

/// Writes one note where its revision is still the expected one.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    write: &NoteWrite,
) -> Sql<WriteOutcome> {
    let seen = sqlx::query(include_str!("sql/note_revision.sql"))
        .bind(&write.name)
        .fetch_optional(&mut *connection)
        .await?
        .map(|row| rows::revision(&row, 0));
    if seen != write.expected {
        return Ok(WriteOutcome::Stale);
    }
    let Some(text) = &write.text else {
        sqlx::query(include_str!("sql/note_delete.sql"))
            .bind(&write.name)
            .execute(connection)
            .await?;
        return Ok(seen.map_or(WriteOutcome::Missing, WriteOutcome::Written));
    };
    let row = sqlx::query(include_str!("sql/note_count.sql")).fetch_one(&mut *connection).await?;
    let revision = rows::number(&row, 0);
    sqlx::query(include_str!("sql/note_write.sql"))
        .bind(&write.name)
        .bind(text)
        .bind(revision)
        .bind(micros(now))
        .execute(connection)
        .await?;
    Ok(WriteOutcome::Written(Revision(revision.unsigned_abs())))
}

/// The first text after all that begin with `prefix`, where there is one.
fn end_of(prefix: &str) -> Option<String> {
    let mut end: Vec<char> = prefix.chars().collect();
    while let Some(last) = end.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::end_of;

    #[test]
    fn the_end_of_a_prefix_is_the_next_text_that_does_not_begin_with_it() {
        for (prefix, end) in [
            ("breaker/", Some("breaker0")),
            ("", None),
            ("\u{10ffff}", None),
            ("a\u{10ffff}", Some("b")),
            ("\u{d7ff}", Some("\u{e000}")),
        ] {
            assert_eq!(end_of(prefix).as_deref(), end, "{prefix:?}");
        }
    }
}
