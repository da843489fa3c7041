//! The entries themselves: read, written, ended; in the store's notes, or here where it has none.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::digest::DigestKey;
use super::{Suppression, SuppressionReason};
use crate::scheduler::brakes::rewrite;
use crate::store::{Note, NoteStore, StoreError, StoreErrorKind, StoreResult, TaskStore};
use crate::task::{Channel, Entropy, Recipient, SafeText, Task, TaskId};

/// Where the entries stand, each under the digest of its address.
const SUPPRESSED: &str = "suppressed/";
/// The note that holds the key of the digests. Where it is absent, nothing is suppressed.
const KEY: &str = "digest_key";
/// How many notes one page holds.
const PAGE: u32 = 1_000;
/// How many entries an engine keeps whose store has no notes.
const LOCAL_MAX: usize = 10_000;

/// The suppressed addresses of one store.
#[derive(Debug)]
pub(crate) struct Suppressions {
    store: Arc<dyn TaskStore>,
    /// It never changes once it is there.
    key: Mutex<Option<DigestKey>>,
    /// What is known where the store keeps no notes.
    local: Mutex<BTreeMap<String, Suppression>>,
}

impl Suppressions {
    pub(crate) fn new(store: Arc<dyn TaskStore>) -> Suppressions {
        Suppressions { store, key: Mutex::default(), local: Mutex::default() }
    }

    /// Which of these tasks go to a suppressed address: one read for all of them. A task whose
    /// address is not known yet is not among them; neither is one whose record cannot be read.
    pub(crate) async fn among(
        &self,
        now: DateTime<Utc>,
        tasks: &[Task],
    ) -> StoreResult<HashMap<TaskId, Suppression>> {
        if tasks.is_empty() {
            return Ok(HashMap::new());
        }
        let Some(key) = self.known_key().await? else { return Ok(HashMap::new()) };
        let name = |task: &Task| {
            let body = task.body.decode(&task.data).ok()?;
            Some((task.id, name_of(key, &body.request.to)?))
        };
        let names: Vec<(TaskId, String)> = tasks.iter().filter_map(name).collect();
        let found = self.read(names.iter().map(|(_, name)| name.clone()).collect()).await?;
        let known = names.into_iter().zip(found).filter_map(|((id, _), entry)| Some((id, entry?)));
        Ok(known.filter(|(_, entry)| entry.holds_at(now)).collect())
    }

    /// What holds for one address.
    pub(crate) async fn find(
        &self,
        now: DateTime<Utc>,
        to: &Recipient,
    ) -> StoreResult<Option<Suppression>> {
        let Some(key) = self.known_key().await? else { return Ok(None) };
        let Some(name) = name_of(key, to) else { return Ok(None) };
        let found = self.read(vec![name]).await?.pop().flatten();
        Ok(found.filter(|entry| entry.holds_at(now)))
    }

    /// Adds an entry, and answers what holds then. `None` for a reference, which is no address.
    pub(super) async fn add(
        &self,
        now: DateTime<Utc>,
        entropy: &Entropy,
        to: &Recipient,
        entry: Suppression,
    ) -> StoreResult<Option<Suppression>> {
        let key = self.key(now, entropy).await?;
        let Some(name) = name_of(key, to) else { return Ok(None) };
        if self.store.notes().is_none() {
            let mut local = self.local();
            let kept = entry.joined(local.get(&name).cloned(), now);
            if local.len() >= LOCAL_MAX && !local.contains_key(&name) {
                drop_one(&mut local)?;
            }
            local.insert(name, kept.clone());
            return Ok(Some(kept));
        }
        let edit = |note: Option<&Note>| match note {
            // Unreadable ones hold, and only a person's word takes their place.
            Some(note) if read_entry(note).is_none() && !entry.is_a_word() => {
                Some(note.text.clone())
            }
            note => {
                let kept = entry.clone().joined(note.map(entry_of), now);
                serde_json::to_string(&kept).ok()
            }
        };
        rewrite(&*self.store, now, &name, edit).await?;
        Ok(self.read(vec![name]).await?.pop().flatten())
    }

    /// Takes an entry away, and answers what it was.
    pub(super) async fn remove(
        &self,
        now: DateTime<Utc>,
        to: &Recipient,
    ) -> StoreResult<Option<Suppression>> {
        let found = self.find(now, to).await?;
        let Some(key) = self.known_key().await? else { return Ok(None) };
        if let Some(name) = name_of(key, to) {
            self.local().remove(&name);
            rewrite(&*self.store, now, &name, |_| None).await?;
        }
        Ok(found)
    }

    /// Entries that hold, at most `limit`.
    pub(super) async fn list(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> StoreResult<Vec<Suppression>> {
        let all: Vec<Suppression> = match self.store.notes() {
            None => self.local().values().cloned().collect(),
            Some(notes) => {
                let found = notes.list_notes(SUPPRESSED, limit.min(PAGE)).await?;
                found.iter().map(entry_of).collect()
            }
        };
        let holding = all.into_iter().filter(|entry| entry.holds_at(now));
        Ok(holding.take(limit as usize).collect())
    }

    /// Takes away what has ended.
    pub(crate) async fn sweep(&self, now: DateTime<Utc>) -> StoreResult<()> {
        self.local().retain(|_, entry| entry.holds_at(now));
        let Some(notes) = self.store.notes() else { return Ok(()) };
        // What does not fit on one page is looked through by the next character of its digest.
        let mut open = vec![SUPPRESSED.to_owned()];
        while let Some(prefix) = open.pop() {
            let page = notes.list_notes(&prefix, PAGE).await?;
            if page.len() >= PAGE as usize {
                open.extend("0123456789abcdef".chars().map(|next| format!("{prefix}{next}")));
                continue;
            }
            self.sweep_page(now, &page).await?;
        }
        Ok(())
    }

    async fn sweep_page(&self, now: DateTime<Utc>, page: &[Note]) -> StoreResult<()> {
        let is_over = |note: &Note| !entry_of(note).holds_at(now);
        for note in page.iter().filter(|note| is_over(note)) {
            let keep = |note: Option<&Note>| {
                note.filter(|note| !is_over(note)).map(|note| note.text.clone())
            };
            rewrite(&*self.store, now, &note.name, keep).await?;
        }
        Ok(())
    }

    async fn read(&self, names: Vec<String>) -> StoreResult<Vec<Option<Suppression>>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let Some(notes) = self.store.notes() else {
            let local = self.local();
            return Ok(names.iter().map(|name| local.get(name).cloned()).collect());
        };
        let found = notes.read_notes(&names).await?;
        Ok(found.into_iter().map(|note| note.as_ref().map(entry_of)).collect())
    }

    /// The key, if anybody has ever needed one.
    async fn known_key(&self) -> StoreResult<Option<DigestKey>> {
        let known = *self.lock_key();
        match (known, self.store.notes()) {
            (None, Some(notes)) => self.read_key(notes).await,
            (known, _) => Ok(known),
        }
    }

    async fn read_key(&self, notes: &dyn NoteStore) -> StoreResult<Option<DigestKey>> {
        let note = notes.read_notes(&[KEY.to_owned()]).await?.pop().flatten();
        let Some(note) = note else { return Ok(None) };
        let key = DigestKey::read(&note.text).ok_or_else(|| {
            // Without it nobody can say who is suppressed, and another one would free them all.
            let detail = format!("the note {KEY} is damaged; restore it from a backup");
            StoreError::new(StoreErrorKind::Permanent, "read_notes", detail)
        })?;
        *self.lock_key() = Some(key);
        Ok(Some(key))
    }

    /// The key, made where there is none.
    async fn key(&self, now: DateTime<Utc>, entropy: &Entropy) -> StoreResult<DigestKey> {
        if let Some(key) = self.known_key().await? {
            return Ok(key);
        }
        let new = DigestKey::new(entropy);
        let Some(notes) = self.store.notes() else {
            return Ok(*self.lock_key().get_or_insert(new));
        };
        // Whoever is first makes it.
        rewrite(&*self.store, now, KEY, |note| {
            Some(note.map_or_else(|| new.written(), |note| note.text.clone()))
        })
        .await?;
        Ok(self.read_key(notes).await?.unwrap_or(new))
    }

    fn lock_key(&self) -> MutexGuard<'_, Option<DigestKey>> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn local(&self) -> MutexGuard<'_, BTreeMap<String, Suppression>> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name_of(key: DigestKey, to: &Recipient) -> Option<String> {
    Some(format!("{SUPPRESSED}{}", key.digest(to)?))
}

fn read_entry(note: &Note) -> Option<Suppression> {
    serde_json::from_str(&note.text).ok()
}

/// The entry of a note. One that is damaged, or that a newer version wrote, holds without an end:
/// it may be the word of a person.
fn entry_of(note: &Note) -> Suppression {
    read_entry(note).unwrap_or_else(|| Suppression {
        channel: channel_of(note),
        reason: SuppressionReason::OptedOut,
        code: Some(SafeText::new("unreadable")),
        since: note.updated_at,
        until: None,
    })
}

/// The channel that an unreadable entry may still tell.
fn channel_of(note: &Note) -> Channel {
    let fields = serde_json::from_str::<serde_json::Value>(&note.text).ok();
    let name = fields.as_ref().and_then(|fields| fields.get("channel")?.as_str());
    Channel::from_stored(name.unwrap_or("unknown").to_owned())
}

/// Makes room for another entry: the one that ends first goes, and an opt-out never.
///
/// # Errors
///
/// All of them are opt-outs.
fn drop_one(local: &mut BTreeMap<String, Suppression>) -> StoreResult<()> {
    let going = local.iter().filter(|(_, entry)| !entry.is_a_word());
    let first = going.min_by_key(|(_, entry)| (entry.until, entry.since));
    let Some(name) = first.map(|(name, _)| name.clone()) else {
        let detail = format!("without notes at most {LOCAL_MAX} opt-outs are kept, in memory");
        return Err(StoreError::new(StoreErrorKind::Permanent, "suppress", detail));
    };
    local.remove(&name);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opt_out_never_makes_room_for_another_entry() {
        let now = DateTime::UNIX_EPOCH;
        let entry = |reason, until| Suppression {
            channel: Channel::EMAIL,
            reason,
            code: None,
            since: now,
            until,
        };
        let mut local = BTreeMap::from([
            ("a".to_owned(), entry(SuppressionReason::OptedOut, None)),
            ("b".to_owned(), entry(SuppressionReason::Undeliverable, Some(now))),
        ]);
        drop_one(&mut local).unwrap();
        assert_eq!(local.keys().collect::<Vec<_>>(), ["a"]);
        let full = drop_one(&mut local).unwrap_err();
        assert!(full.to_string().contains("at most 10000 opt-outs"), "{full}");
        assert_eq!(local.len(), 1);
    }
}
