//! Notes that are written whatever their revision.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use puntual::store::{Note, NoteStore, NoteWrite, StoreResult, TaskStore, WriteOutcome};

use super::store::Wrong;

impl Wrong {
    fn inner_notes(&self) -> &dyn NoteStore {
        self.inner.notes().expect("memory has notes")
    }
}

#[async_trait]
impl NoteStore for Wrong {
    async fn read_notes(&self, names: &[String]) -> StoreResult<Vec<Option<Note>>> {
        self.inner_notes().read_notes(names).await
    }

    async fn write_note(&self, now: DateTime<Utc>, write: &NoteWrite) -> StoreResult<WriteOutcome> {
        let seen = self.read_notes(std::slice::from_ref(&write.name)).await?.remove(0);
        let write = NoteWrite::new(&write.name, seen.as_ref(), write.text.clone());
        self.inner_notes().write_note(now, &write).await
    }

    async fn list_notes(&self, prefix: &str, limit: u32) -> StoreResult<Vec<Note>> {
        self.inner_notes().list_notes(prefix, limit).await
    }
}
