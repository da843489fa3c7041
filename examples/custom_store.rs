//! A store of your own: all fifteen clauses of `TaskStore` over nothing but a `Vec`.
//!
//! `cargo run --example custom_store` sends a message through it. The crate's own tests run the
//! conformance suite on it; in a crate of yours that takes one harness and one line:
//!
//! ```text
//! puntual::testing::task_store_conformance!(vec_store, InVec);
//! ```
//!
//! It scans all rows in every call, so it is for a hundred of them. A real one lets its database
//! look: by `(channel, priority, wake_at, id)` for claims, and by unique `dedup_key`.

use std::error::Error;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use puntual::chrono::{DateTime, Utc};
use puntual::notify::MemoryNotifier;
use puntual::store::check::{check_batch, check_change};
use puntual::store::{
    Change, ClaimRequest, Claimed, Counters, Durability, Erase, Extension, HistoryQuery,
    InsertOutcome, Probe, Quota, StoreIdentity, StoreResult, StoreStats, StoredEntry, TaskCount,
    TaskOrder, TaskQuery, TaskStore, WriteOutcome,
};
use puntual::task::{
    Channel, ClaimId, EmailAddress, Lease, NewTask, Revision, SafeText, Subject, Task, TaskData,
    TaskId, TaskState,
};
use puntual::{Reminder, Reminders, Scheduler};

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let mailbox = MemoryNotifier::new(Channel::EMAIL);
    let scheduler = Scheduler::builder(VecStore::default()).notifier(mailbox.clone()).build()?;

    let about = Subject::new("booking", 123);
    let jane: EmailAddress = "jane@example.com".parse()?;
    let reminder = Reminder::new("confirmation", &about, jane).text("You are booked.").now();
    scheduler.schedule(reminder).await?;

    let report = scheduler.run_until_idle().await?;
    for sent in mailbox.sent() {
        println!("sent at {}: {}", sent.at, sent.notification.message.text);
    }
    assert_eq!((report.sent, mailbox.sent().len()), (1, 1));
    Ok(())
}

/// Keeps everything in the order in which it came.
#[derive(Debug, Default)]
pub(crate) struct VecStore(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    rows: Vec<Task>,
    history: Vec<StoredEntry>,
    erased: Counters,
}

impl VecStore {
    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What it is: it says honestly that nothing outlives the process (clause 14).
fn probe() -> Probe {
    Probe::new(1, Durability::Volatile, StoreIdentity("a vector".to_owned()))
}

#[async_trait]
impl TaskStore for VecStore {
    async fn probe(&self) -> StoreResult<Probe> {
        Ok(probe())
    }

    async fn insert(
        &self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        check_batch(tasks)?;
        let mut all = self.lock();
        Ok(tasks.iter().map(|new| all.insert(now, new)).collect())
    }

    async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> StoreResult<Claimed> {
        let mut all = self.lock();
        let (tasks, next_wake_at) = match request.repeated {
            true => (all.claimed_by(now, request.claim), Some(now)),
            false => all.claim(now, request),
        };
        Ok(Claimed::new(tasks, next_wake_at, probe()))
    }

    async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>> {
        let mut all = self.lock();
        Ok(extensions.iter().map(|extension| all.extend(now, extension)).collect())
    }

    async fn apply(
        &self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        let mut all = self.lock();
        Ok(changes.iter().map(|change| all.apply(now, change)).collect())
    }

    async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        let place = |at: DateTime<Utc>, id| match query.order {
            TaskOrder::DueAt => (at, id),
            _ => (DateTime::UNIX_EPOCH, id),
        };
        let after = query.after.map(|(at, id)| place(at, id));
        let place = |task: &Task| place(task.due_at, task.id);
        let mut found = self.lock().rows.clone();
        found.retain(|task| query.filter.matches(task) && after.is_none_or(|a| place(task) > a));
        found.sort_by_key(place);
        found.truncate(query.limit as usize);
        Ok(found)
    }

    async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>> {
        let mut found = self.lock().history.clone();
        found.retain(|stored| {
            query.task.is_none_or(|task| stored.entry.task == task)
                && query.from.is_none_or(|from| stored.entry.at >= from)
                && query.after.is_none_or(|after| stored.place() > after)
        });
        found.sort_by_key(StoredEntry::place);
        found.truncate(query.limit as usize);
        Ok(found)
    }

    async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> StoreResult<u64> {
        Ok(self.lock().erase(now, what, limit as usize))
    }

    async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats> {
        Ok(self.lock().stats(now))
    }
}

impl All {
    fn row(&mut self, id: TaskId) -> Option<&mut Task> {
        self.rows.iter_mut().find(|row| row.id == id)
    }

    fn insert(&mut self, now: DateTime<Utc>, new: &NewTask) -> InsertOutcome {
        if self.row(new.id).is_some() {
            return InsertOutcome::Inserted;
        }
        if let Some(holder) = self.rows.iter().find(|row| row.dedup_key == new.dedup_key) {
            return InsertOutcome::Taken(Box::new(holder.clone()));
        }
        self.rows.push(Task::from_new(now, new));
        self.history.push(StoredEntry::new(new.entry.clone(), Revision::FIRST));
        InsertOutcome::Inserted
    }

    /// Clauses 3 to 5, in one walk over what is pending, the earliest first.
    fn claim(
        &mut self,
        now: DateTime<Utc>,
        request: &ClaimRequest,
    ) -> (Vec<Task>, Option<DateTime<Utc>>) {
        let mut quotas: Vec<Quota> = request.quotas.clone();
        quotas.retain(|quota| quota.limit > 0);
        self.rows.sort_by_key(|row| (row.wake_at, row.id));
        let (mut taken, mut suspect_kept) = (Vec::new(), false);
        let (mut at_once, mut next) = (false, None::<DateTime<Utc>>);
        for row in &mut self.rows {
            let asked = |q: &&mut Quota| q.channel == row.channel && q.priority == row.priority;
            let Some(wake_at) = row.wake_at else { continue };
            let Some(quota) = quotas.iter_mut().find(asked) else { continue };
            let look_again = match row.lease {
                _ if wake_at > now => wake_at,
                Some(lease) if lease.until > now => lease.until,
                _ if quota.limit == 0 => now,
                _ => {
                    quota.limit -= 1;
                    at_once |= quota.limit == 0;
                    if row.unfinished_claims >= 2 && mem::replace(&mut suspect_kept, true) {
                        at_once = true;
                        continue;
                    }
                    row.lease = Some(Lease { claim: request.claim, until: request.lease_until });
                    row.unfinished_claims += 1;
                    row.revision = row.revision.next();
                    row.updated_at = now;
                    taken.push(row.clone());
                    request.lease_until
                }
            };
            next = Some(next.map_or(look_again, |next| next.min(look_again)));
        }
        (taken, if at_once { Some(now) } else { next })
    }

    fn claimed_by(&self, now: DateTime<Utc>, claim: ClaimId) -> Vec<Task> {
        let ours =
            |row: &&Task| row.is_leased(now) && row.lease.is_some_and(|lease| lease.claim == claim);
        let mut tasks: Vec<Task> = self.rows.iter().filter(ours).cloned().collect();
        tasks.sort_by_key(|task| (task.wake_at, task.id));
        tasks
    }

    fn extend(&mut self, now: DateTime<Utc>, extension: &Extension) -> WriteOutcome {
        let Some(row) = self.row(extension.task) else { return WriteOutcome::Missing };
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

    fn apply(&mut self, now: DateTime<Utc>, change: &Change) -> WriteOutcome {
        let known = self.history.iter().find(|stored| stored.entry.id == change.entry.id);
        if let Some(known) = known {
            return WriteOutcome::Written(known.revision);
        }
        if let Err(why) = check_change(change) {
            return WriteOutcome::Rejected(why);
        }
        let Some(row) = self.row(change.task) else { return WriteOutcome::Missing };
        if row.revision != change.expected {
            return WriteOutcome::Stale;
        }
        change.write_into(now, row);
        let revision = row.revision;
        self.history.push(StoredEntry::new(change.entry.clone(), revision));
        for new in &change.inserts {
            self.insert(now, new);
        }
        WriteOutcome::Written(revision)
    }

    /// Clause 15: of finished rows only, and nothing leaves uncounted.
    fn erase(&mut self, now: DateTime<Utc>, what: &Erase, limit: usize) -> u64 {
        let wanted = |row: &&Task| {
            let Some(finished_at) = row.finished_at else { return false };
            let ended_at = row.event_at.map_or(finished_at, |at| at.max(finished_at));
            match what {
                Erase::FinishedBefore(before) => ended_at < *before,
                Erase::BodiesBefore(before) => ended_at < *before && !row.body.is_blanked(),
                Erase::Person(person) => row.person == *person,
                _ => false,
            }
        };
        let found: Vec<TaskId> =
            self.rows.iter().filter(wanted).take(limit).map(|row| row.id).collect();
        for id in &found {
            match what {
                Erase::BodiesBefore(_) => self.blank(now, *id),
                _ => self.remove(*id),
            }
        }
        found.len() as u64
    }

    fn blank(&mut self, now: DateTime<Utc>, id: TaskId) {
        let Some(row) = self.row(id) else { return };
        row.body = row.body.blanked();
        row.data = TaskData::default();
        row.recipient = SafeText::default();
        row.last_error = None;
        row.revision = row.revision.next();
        row.updated_at = now;
        for stored in self.history.iter_mut().filter(|stored| stored.entry.task == id) {
            stored.entry.detail = None;
        }
    }

    fn remove(&mut self, id: TaskId) {
        for row in self.rows.extract_if(.., |row| row.id == id) {
            *self.erased.tasks.entry(row.state).or_default() += 1;
        }
        for stored in self.history.extract_if(.., |stored| stored.entry.task == id) {
            *self.erased.entries.entry(stored.entry.what).or_default() += 1;
        }
    }

    fn stats(&self, now: DateTime<Utc>) -> StoreStats {
        let mut stats = StoreStats::default();
        for row in &self.rows {
            let same = |count: &&mut TaskCount| {
                (count.state, &count.kind, &count.channel) == (row.state, &row.kind, &row.channel)
            };
            let (kind, channel) = (row.kind.clone(), row.channel.clone());
            match stats.tasks.iter_mut().find(same) {
                Some(count) => count.count += 1,
                None => stats.tasks.push(TaskCount::new(row.state, kind, channel, 1)),
            }
        }
        let pending = || self.rows.iter().filter(|row| row.wake_at.is_some());
        stats.overdue = pending().filter(|row| row.due_at <= now).count() as u64;
        stats.oldest_due_at = pending().map(|row| row.due_at).min();
        stats.next_wake_at = pending().filter_map(|row| row.wake_at).min();
        stats.leased = self.rows.iter().filter(|row| row.is_leased(now)).count() as u64;
        stats.entries = self.history.len() as u64;
        stats.erased = self.erased.clone();
        stats
    }
}
