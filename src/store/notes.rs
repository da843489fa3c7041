//! Small shared documents with compare-and-set: the one primitive for all that workers share.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{StoreResult, WriteOutcome};
use crate::task::Revision;

/// The name of the note that holds the environment's name; [`Probe::seal`](super::Probe::seal) is
/// its text.
pub const SEAL_NOTE: &str = "seal";

/// A small shared document: a breaker, a pause, the seal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// Its name: `breaker/email`.
    pub name: String,
    /// Its text, at most 64 KiB.
    pub text: String,
    /// Grows with each write.
    pub revision: Revision,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
}

impl Note {
    /// A note as it is stored.
    pub fn new(
        name: impl Into<String>,
        text: impl Into<String>,
        revision: Revision,
        updated_at: DateTime<Utc>,
    ) -> Note {
        Note { name: name.into(), text: text.into(), revision, updated_at }
    }
}

/// A conditional write of one note.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoteWrite {
    /// Which note.
    pub name: String,
    /// The revision that the writer saw; `None` where it saw none.
    pub expected: Option<Revision>,
    /// The new text; `None` deletes.
    pub text: Option<String>,
}

impl NoteWrite {
    /// Writes `text` where `seen` is still what is stored.
    pub fn new(name: impl Into<String>, seen: Option<&Note>, text: Option<String>) -> NoteWrite {
        NoteWrite { name: name.into(), expected: seen.map(|note| note.revision), text }
    }
}

/// Notes of a store.
///
/// A write answers [`WriteOutcome::Written`] with the new revision (a deletion: with the one it
/// deleted), or [`WriteOutcome::Stale`] where the stored revision is not the expected one. A name
/// that is written again after a deletion starts at a revision that no earlier reader has seen as
/// absent: writers compare, so any value works that a reader cannot mistake for "none".
#[async_trait]
pub trait NoteStore: Send + Sync {
    /// Reads notes by name; answers match the names one to one, in order.
    async fn read_notes(&self, names: &[String]) -> StoreResult<Vec<Option<Note>>>;

    /// Writes one note where its revision is still the expected one.
    async fn write_note(&self, now: DateTime<Utc>, write: &NoteWrite) -> StoreResult<WriteOutcome>;

    /// Lists notes whose name begins with `prefix`, by name, at most `limit`.
    async fn list_notes(&self, prefix: &str, limit: u32) -> StoreResult<Vec<Note>>;
}
