//! The rows, their indexes and their history, and what each call does to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use chrono::{DateTime, TimeDelta, Utc};

use crate::store::check::check_change;
use crate::store::{
    Change, ClaimRequest, Counters, Erase, Extension, HistoryQuery, InsertOutcome, Note, NoteWrite,
    Quota, SentCount, SentQuery, SentTo, StoreError, StoreErrorKind, StoreResult, StoreStats,
    StoredEntry, TaskCount, TaskOrder, TaskQuery, WriteOutcome,
};
use crate::task::{
    Channel, ClaimId, DedupKey, EntryId, HistoryEntry, Lease, NewTask, PersonKey, Priority,
    Revision, SafeText, Task, TaskData, TaskId, TaskState,
};

/// A row's place in the index of what is pending.
type Wake = (DateTime<Utc>, TaskId);
/// An entry's place in the history.
type Place = (DateTime<Utc>, Revision, EntryId);

#[derive(Default)]
pub(super) struct State {
    pub(super) rows: BTreeMap<TaskId, Task>,
    keys: HashMap<DedupKey, TaskId>,
    /// What there is for each person.
    people: HashMap<PersonKey, BTreeSet<TaskId>>,
    /// The one index by time: pending rows, leased or not.
    wakes: BTreeMap<(Channel, Priority), BTreeSet<Wake>>,
    history: BTreeMap<Place, StoredEntry>,
    history_of: HashMap<TaskId, Vec<Place>>,
    entries: HashMap<EntryId, Revision>,
    /// Rows and keys that an open transaction has written.
    pub(super) locked: HashMap<TaskId, u64>,
    pub(super) locked_keys: HashMap<DedupKey, u64>,
    pub(super) transactions: u64,
    pub(super) notes: BTreeMap<String, Note>,
    note_revision: u64,
    erased: Counters,
}

impl State {
    /// Clause 2.
    pub(super) fn insert(&mut self, now: DateTime<Utc>, new: &NewTask) -> InsertOutcome {
        if self.rows.contains_key(&new.id) {
            return InsertOutcome::Inserted;
        }
        if let Some(holder) = self.keys.get(&new.dedup_key).and_then(|id| self.rows.get(id)) {
            return InsertOutcome::Taken(Box::new(holder.clone()));
        }
        self.put(Task::from_new(now, new));
        self.record(new.entry.clone(), Revision::FIRST);
        InsertOutcome::Inserted
    }

    /// A key that is uncommitted elsewhere may or may not be taken: the caller repeats.
    pub(super) fn refuse_locked_keys(&self, tasks: &[NewTask]) -> StoreResult<()> {
        if tasks.iter().any(|task| self.locked_keys.contains_key(&task.dedup_key)) {
            let detail = "a key is being written by an open transaction";
            return Err(StoreError::new(StoreErrorKind::Conflict, "insert", detail));
        }
        Ok(())
    }

    /// Stores a row, new or rewritten, and keeps the indexes true.
    pub(super) fn put(&mut self, task: Task) {
        let before = match self.rows.get(&task.id) {
            Some(old) => (old.priority, old.wake_at),
            None => {
                self.keys.insert(task.dedup_key.clone(), task.id);
                self.people.entry(task.person.clone()).or_default().insert(task.id);
                (task.priority, None)
            }
        };
        self.rewake(task.id, task.channel.clone(), before, (task.priority, task.wake_at));
        self.rows.insert(task.id, task);
    }

    /// Moves a row in the index by time. Its channel never changes.
    fn rewake(
        &mut self,
        id: TaskId,
        channel: Channel,
        before: (Priority, Option<DateTime<Utc>>),
        after: (Priority, Option<DateTime<Utc>>),
    ) {
        let mut index = (channel, before.0);
        if let (Some(wake_at), Some(wakes)) = (before.1, self.wakes.get_mut(&index)) {
            wakes.remove(&(wake_at, id));
        }
        if let Some(wake_at) = after.1 {
            index.1 = after.0;
            self.wakes.entry(index).or_default().insert((wake_at, id));
        }
    }

    pub(super) fn record(&mut self, entry: HistoryEntry, revision: Revision) {
        self.entries.insert(entry.id, revision);
        let stored = StoredEntry::new(entry, revision);
        self.history_of.entry(stored.entry.task).or_default().push(stored.place());
        self.history.insert(stored.place(), stored);
    }

    /// The revision stored beside an entry, if it is stored (clause 8).
    pub(super) fn revision_of(&self, entry: EntryId) -> Option<Revision> {
        self.entries.get(&entry).copied()
    }

    /// Clauses 3 to 5.
    pub(super) fn claim(
        &mut self,
        now: DateTime<Utc>,
        request: &ClaimRequest,
    ) -> (Vec<Task>, Option<DateTime<Utc>>) {
        let mut chosen = BTreeSet::new();
        let mut look = LookAgain::default();
        for quota in request.quotas.iter().filter(|quota| quota.limit > 0) {
            self.choose(now, quota, &mut chosen, &mut look);
        }
        let abandoned_twice =
            |id: &TaskId| self.rows.get(id).is_some_and(|row| row.unfinished_claims >= 2);
        let mut kept_one = false;
        let kept: Vec<TaskId> = (chosen.into_iter().map(|(_, id)| id))
            .filter(|id| {
                let keep = !abandoned_twice(id) || !std::mem::replace(&mut kept_one, true);
                look.at_once |= !keep;
                keep
            })
            .collect();
        let lease = Lease { claim: request.claim, until: request.lease_until };
        let mut tasks = Vec::with_capacity(kept.len());
        for id in kept {
            let Some(row) = self.rows.get_mut(&id) else { continue };
            row.lease = Some(lease);
            row.unfinished_claims = row.unfinished_claims.saturating_add(1);
            row.revision = row.revision.next();
            row.updated_at = now;
            tasks.push(row.clone());
            look.not_later_than(lease.until);
        }
        (tasks, look.when(now))
    }

    /// Walks one quota's part of the index: due rows first, then the first row that wakes later.
    fn choose(
        &self,
        now: DateTime<Utc>,
        quota: &Quota,
        chosen: &mut BTreeSet<Wake>,
        look: &mut LookAgain,
    ) {
        let Some(wakes) = self.wakes.get(&(quota.channel.clone(), quota.priority)) else { return };
        let mut taken = 0;
        for &(wake_at, id) in wakes {
            if wake_at > now {
                look.not_later_than(wake_at);
                return;
            }
            let Some(row) = self.rows.get(&id) else { continue };
            match row.lease {
                Some(lease) if lease.until > now => look.not_later_than(lease.until),
                _ if self.locked.contains_key(&id) => look.in_a_second = true,
                _ => {
                    chosen.insert((wake_at, id));
                    taken += 1;
                    if taken == quota.limit {
                        look.at_once = true;
                        return;
                    }
                }
            }
        }
    }

    /// Clause 4, repeated: what an earlier call with this id took.
    pub(super) fn claimed_by(&self, now: DateTime<Utc>, claim: ClaimId) -> Vec<Task> {
        let due = |wakes: &BTreeSet<Wake>| -> Vec<Wake> {
            wakes.iter().take_while(|(wake_at, _)| *wake_at <= now).copied().collect()
        };
        let all: BTreeSet<Wake> = self.wakes.values().flat_map(due).collect();
        let held =
            |task: &&Task| task.is_leased(now) && task.lease.is_some_and(|l| l.claim == claim);
        all.iter().filter_map(|(_, id)| self.rows.get(id)).filter(held).cloned().collect()
    }

    /// Clauses 6 and 7 for leases.
    pub(super) fn extend(&mut self, now: DateTime<Utc>, extension: &Extension) -> WriteOutcome {
        if self.locked.contains_key(&extension.task) {
            return WriteOutcome::Busy;
        }
        let Some(row) = self.rows.get_mut(&extension.task) else { return WriteOutcome::Missing };
        if row.lease.is_none_or(|lease| lease.claim != extension.claim) {
            return WriteOutcome::Stale;
        }
        row.lease = Some(Lease { claim: extension.claim, until: extension.until });
        row.updated_at = now;
        if extension.hand_off && row.state != TaskState::Sending {
            row.state = TaskState::Sending;
            row.handed_off_at = Some(now);
            row.revision = row.revision.next();
        }
        WriteOutcome::Written(row.revision)
    }

    /// Clauses 6 to 8 for changes.
    pub(super) fn apply(&mut self, now: DateTime<Utc>, change: &Change) -> WriteOutcome {
        if let Some(revision) = self.revision_of(change.entry.id) {
            return WriteOutcome::Written(revision);
        }
        if let Err(why) = check_change(change) {
            return WriteOutcome::Rejected(why);
        }
        if self.locked.contains_key(&change.task)
            || change.inserts.iter().any(|new| self.locked_keys.contains_key(&new.dedup_key))
        {
            return WriteOutcome::Busy;
        }
        let Some(row) = self.rows.get_mut(&change.task) else { return WriteOutcome::Missing };
        if row.revision != change.expected {
            return WriteOutcome::Stale;
        }
        let before = (row.priority, row.wake_at);
        change.write_into(now, row);
        let (revision, after) = (row.revision, (row.priority, row.wake_at));
        if before != after {
            let channel = row.channel.clone();
            self.rewake(change.task, channel, before, after);
        }
        self.record(change.entry.clone(), revision);
        for new in &change.inserts {
            self.insert(now, new);
        }
        WriteOutcome::Written(revision)
    }

    /// One page, with the rows of `overlay` in place of the stored ones.
    pub(super) fn list(&self, query: &TaskQuery, overlay: &BTreeMap<TaskId, Task>) -> Vec<Task> {
        let place = |task: &Task| match query.order {
            TaskOrder::Id => (DateTime::UNIX_EPOCH, task.id),
            TaskOrder::DueAt => (task.due_at, task.id),
        };
        let after = query.after.map(|(at, id)| match query.order {
            TaskOrder::Id => (DateTime::UNIX_EPOCH, id),
            TaskOrder::DueAt => (at, id),
        });
        let wanted = |task: &&Task| {
            query.filter.matches(task) && after.is_none_or(|after| place(task) > after)
        };
        let stored = |task: &&Task| !overlay.contains_key(&task.id) && wanted(task);
        let limit = query.limit as usize;
        let mut found: Vec<&Task> = match (&query.filter.ids, &query.filter.keys) {
            (Some(ids), _) => {
                ids.iter().filter_map(|id| self.rows.get(id)).filter(stored).collect()
            }
            (None, Some(keys)) => (keys.iter().filter_map(|key| self.keys.get(key)))
                .filter_map(|id| self.rows.get(id))
                .filter(stored)
                .collect(),
            // Rows stand in the order of their ids: a walk of many pages reads each row once.
            (None, None) if query.order == TaskOrder::Id => {
                let from = after.map_or(Bound::Unbounded, |(_, id)| Bound::Excluded(id));
                let rows = self.rows.range((from, Bound::Unbounded)).map(|(_, row)| row);
                rows.filter(stored).take(limit).collect()
            }
            (None, None) => self.rows.values().filter(stored).collect(),
        };
        found.extend(overlay.values().filter(wanted));
        found.sort_by_key(|task| place(task));
        found.dedup_by_key(|task| task.id);
        found.into_iter().take(limit).cloned().collect()
    }

    /// What went out to persons lately.
    pub(super) fn count_sent(&self, now: DateTime<Utc>, query: &SentQuery) -> Vec<SentCount> {
        let counted = |to: &SentTo| {
            let mut count = SentCount::default();
            let all = self.people.get(&to.person).into_iter().flatten();
            let tasks = all.filter_map(|id| self.rows.get(id));
            for task in tasks.filter(|t| t.channel == to.channel && t.updated_at > to.since) {
                count.under_way += u32::from(SentTo::is_under_way(task, now, query.claim));
                for entry in self.history_of.get(&task.id).into_iter().flatten() {
                    if let Some(stored) = self.history.get(entry)
                        && to.counts(stored.entry.what, stored.entry.at)
                    {
                        count.add(stored.entry.at);
                    }
                }
            }
            count
        };
        query.people.iter().map(counted).collect()
    }

    pub(super) fn history(&self, query: &HistoryQuery) -> Vec<StoredEntry> {
        let wanted = |stored: &&StoredEntry| {
            query.from.is_none_or(|from| stored.entry.at >= from)
                && query.after.is_none_or(|after| stored.place() > after)
        };
        let limit = query.limit as usize;
        let Some(task) = query.task else {
            return self.history.values().filter(wanted).take(limit).cloned().collect();
        };
        let mut places = self.history_of.get(&task).cloned().unwrap_or_default();
        places.sort_unstable();
        let found = places.iter().filter_map(|place| self.history.get(place));
        found.filter(wanted).take(limit).cloned().collect()
    }

    /// Clause 15.
    pub(super) fn erase(&mut self, now: DateTime<Utc>, what: &Erase, limit: u32) -> u64 {
        let wanted = |task: &&Task| {
            let Some(finished_at) = task.finished_at else { return false };
            let ended_at = task.event_at.map_or(finished_at, |at| at.max(finished_at));
            match what {
                Erase::FinishedBefore(before) => ended_at < *before,
                Erase::BodiesBefore(before) => ended_at < *before && !task.body.is_blanked(),
                Erase::Person(person) => task.person == *person,
            }
        };
        let free = self.rows.values().filter(|task| !self.locked.contains_key(&task.id));
        let found: Vec<TaskId> =
            free.filter(wanted).take(limit as usize).map(|task| task.id).collect();
        for id in &found {
            match what {
                Erase::BodiesBefore(_) => self.blank(now, *id),
                Erase::FinishedBefore(_) | Erase::Person(_) => self.remove(*id),
            }
        }
        found.len() as u64
    }

    fn blank(&mut self, now: DateTime<Utc>, id: TaskId) {
        if let Some(row) = self.rows.get_mut(&id) {
            row.body = row.body.blanked();
            row.data = TaskData::default();
            row.recipient = SafeText::default();
            row.last_error = None;
            row.revision = row.revision.next();
            row.updated_at = now;
        }
        for place in self.history_of.get(&id).into_iter().flatten() {
            if let Some(stored) = self.history.get_mut(place) {
                stored.entry.detail = None;
            }
        }
    }

    fn remove(&mut self, id: TaskId) {
        let Some(row) = self.rows.remove(&id) else { return };
        self.keys.remove(&row.dedup_key);
        if let Some(all) = self.people.get_mut(&row.person) {
            all.remove(&id);
            if all.is_empty() {
                self.people.remove(&row.person);
            }
        }
        *self.erased.tasks.entry(row.state).or_default() += 1;
        for place in self.history_of.remove(&id).unwrap_or_default() {
            self.entries.remove(&place.2);
            if let Some(stored) = self.history.remove(&place) {
                *self.erased.entries.entry(stored.entry.what).or_default() += 1;
            }
        }
    }

    pub(super) fn stats(&self, now: DateTime<Utc>) -> StoreStats {
        let mut counts: BTreeMap<_, u64> = BTreeMap::new();
        let mut stats = StoreStats { erased: self.erased.clone(), ..StoreStats::default() };
        stats.entries = self.history.len() as u64;
        for row in self.rows.values() {
            *counts.entry((row.state, row.kind.clone(), row.channel.clone())).or_default() += 1;
            stats.leased += u64::from(row.is_leased(now));
            let Some(wake_at) = row.wake_at else { continue };
            stats.overdue += u64::from(row.due_at <= now);
            let earliest = |known: Option<DateTime<Utc>>, at: DateTime<Utc>| {
                Some(known.map_or(at, |known| at.min(known)))
            };
            stats.oldest_due_at = earliest(stats.oldest_due_at, row.due_at);
            stats.next_wake_at = earliest(stats.next_wake_at, wake_at);
        }
        let count = |((state, kind, channel), count)| TaskCount::new(state, kind, channel, count);
        stats.tasks = counts.into_iter().map(count).collect();
        stats
    }

    pub(super) fn write_note(&mut self, now: DateTime<Utc>, write: &NoteWrite) -> WriteOutcome {
        let seen = self.notes.get(&write.name).map(|note| note.revision);
        if seen != write.expected {
            return WriteOutcome::Stale;
        }
        let Some(text) = &write.text else {
            self.notes.remove(&write.name);
            return seen.map_or(WriteOutcome::Missing, WriteOutcome::Written);
        };
        self.note_revision += 1;
        let note = Note::new(&write.name, text, Revision(self.note_revision), now);
        self.notes.insert(write.name.clone(), note);
        WriteOutcome::Written(Revision(self.note_revision))
    }
}

/// When to claim again (clause 5).
#[derive(Default)]
struct LookAgain {
    at_once: bool,
    in_a_second: bool,
    later: Option<DateTime<Utc>>,
}

impl LookAgain {
    fn not_later_than(&mut self, at: DateTime<Utc>) {
        self.later = Some(self.later.map_or(at, |later| later.min(at)));
    }

    fn when(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match () {
            () if self.at_once => Some(now),
            () if self.in_a_second => Some(now + TimeDelta::seconds(1)),
            () => self.later,
        }
    }
}
