//! Stores that forget one clause after a certain call: they must be found, and the sequence that
//! finds them must be as short as it can be.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use puntual::store::{
    Change, ClaimRequest, Claimed, Erase, Extension, HistoryQuery, InsertOutcome, NoteStore, Probe,
    StoreResult, StoreStats, StoredEntry, TaskQuery, TaskStore, TaskStoreExt, WriteOutcome,
};
use puntual::task::{NewTask, Task};

use super::call::{Answer, Write};
use super::party::{InMemory, Party};
use super::world::World;

/// In so many sequences each of them must be found, and by so many calls.
const SEEDS: u64 = 200;
const CALLS_MAX: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forgets {
    /// Who holds a lease, once a claim was repeated (clause 6).
    Fence,
    /// When to look again, once a lease was lengthened (clause 5).
    NextWake,
    /// What a rollback is, once something was erased.
    Rollback,
}

/// The reference, but for what it forgets.
struct Forgetful {
    inner: InMemory,
    forgets: Forgets,
    /// Whether it has forgotten.
    now: AtomicBool,
}

impl Forgetful {
    fn forgets_once(&self, what: Forgets, seen: bool) -> bool {
        let had_forgotten = self.now.load(Ordering::SeqCst);
        if self.forgets == what && seen {
            self.now.store(true, Ordering::SeqCst);
        }
        self.forgets == what && had_forgotten
    }
}

impl std::fmt::Debug for Forgetful {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forgetful").field("forgets", &self.forgets).finish_non_exhaustive()
    }
}

#[async_trait]
impl Party for Forgetful {
    fn name(&self) -> &'static str {
        "a forgetful store"
    }

    fn store(&self) -> &dyn TaskStore {
        self
    }

    async fn within(&self, now: DateTime<Utc>, writes: &[Write], commits: bool) -> Vec<Answer> {
        let commits = commits || self.forgets_once(Forgets::Rollback, false);
        self.inner.within(now, writes, commits).await
    }

    async fn clear(&mut self) {
        self.inner.clear().await;
        self.now.store(false, Ordering::SeqCst);
    }
}

#[async_trait]
impl TaskStore for Forgetful {
    async fn probe(&self) -> StoreResult<Probe> {
        self.inner.store.probe().await
    }

    async fn insert(
        &self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        self.inner.store.insert(now, tasks).await
    }

    async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> StoreResult<Claimed> {
        self.forgets_once(Forgets::Fence, request.repeated);
        let mut claimed = self.inner.store.claim(now, request).await?;
        if self.forgets_once(Forgets::NextWake, false) {
            claimed.next_wake_at = None;
        }
        Ok(claimed)
    }

    async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>> {
        let mut extensions = extensions.to_vec();
        if self.forgets_once(Forgets::Fence, false) {
            for extension in &mut extensions {
                let row = self.inner.store.task(extension.task).await?;
                if let Some(lease) = row.and_then(|row| row.lease) {
                    extension.claim = lease.claim;
                }
            }
        }
        let outcomes = self.inner.store.extend(now, &extensions).await?;
        let written = |outcome: &WriteOutcome| matches!(outcome, WriteOutcome::Written(_));
        self.forgets_once(Forgets::NextWake, outcomes.iter().any(written));
        Ok(outcomes)
    }

    async fn apply(
        &self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        self.inner.store.apply(now, changes).await
    }

    async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        self.inner.store.list(query).await
    }

    async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>> {
        self.inner.store.history(query).await
    }

    async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> StoreResult<u64> {
        let erased = self.inner.store.erase(now, what, limit).await?;
        self.forgets_once(Forgets::Rollback, erased > 0);
        Ok(erased)
    }

    async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats> {
        self.inner.store.stats(now).await
    }

    fn notes(&self) -> Option<&dyn NoteStore> {
        self.inner.store.notes()
    }
}

#[tokio::test]
async fn a_store_that_forgets_a_clause_is_found_by_a_sequence_of_a_few_calls() {
    for forgets in [Forgets::Fence, Forgets::NextWake, Forgets::Rollback] {
        let forgetful =
            Forgetful { inner: InMemory::default(), forgets, now: AtomicBool::new(false) };
        let mut world = World::of(vec![Box::new(forgetful)]);
        let mut failure = None;
        for seed in 0..SEEDS {
            failure = world.check(seed).await;
            if failure.is_some() {
                break;
            }
        }
        let failure = failure.unwrap_or_else(|| panic!("{forgets:?}: not found"));
        let report = failure.report("differential");
        assert!(failure.steps.len() <= CALLS_MAX, "{forgets:?}: {report}");
        let again = format!("PUNTUAL_DIFFERENTIAL_SEED={} PUNTUAL", failure.seed);
        assert!(report.contains(&again), "{report}");
        assert!(report.contains("call 1 at 2027-01-15"), "{report}");
        for step in 0..failure.steps.len() {
            let mut fewer = failure.steps.clone();
            fewer.remove(step);
            let needless = world.difference(&fewer).await;
            assert!(needless.is_none(), "{forgets:?} needs no call {}: {report}", step + 1);
        }
    }
}

#[tokio::test]
async fn a_store_that_keeps_every_clause_is_not_found() {
    let mut world = World::of(vec![Box::new(InMemory::default())]);
    for seed in 0..SEEDS {
        let failure = world.check(seed).await.map(|failure| failure.report("differential"));
        assert_eq!(failure, None);
    }
}
