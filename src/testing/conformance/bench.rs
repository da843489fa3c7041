//! What every case has at hand: a store, and calls that end the case when they fail.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{HostTransaction, StoreHarness, Verdict};
use crate::store::{
    Change, ClaimRequest, Claimed, Erase, Extension, HistoryQuery, InsertOutcome, NoteStore, Quota,
    StoreErrorKind, StoreResult, StoredEntry, TaskFilter, TaskQuery, TaskStore, TaskStoreExt,
    WriteOutcome,
};
use crate::task::{Channel, ClaimId, NewTask, Priority, Revision, Task, TaskId};
use crate::testing::{claim_id, new_task};
use crate::time::{Clock, SystemClock, saturating_add};

/// How often a call is repeated at once that answers `Conflict` (clause 9).
const CONFLICTS_MAX: u32 = 20;

/// The instant at which every case begins.
pub(super) fn now() -> DateTime<Utc> {
    at(0)
}

/// So many seconds after the case began: 10 July 2026, 13:00 UTC.
pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    micros(seconds * 1_000_000)
}

/// So many microseconds after the case began.
pub(super) fn micros(micros: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::microseconds(1_783_688_400_000_000 + micros)
}

/// A row that is due at so many seconds after the case began.
pub(super) fn due(seconds: i64) -> NewTask {
    new_task(now(), "reminder").due(at(seconds)).build()
}

/// Rows due one second after the other.
pub(super) fn due_each(seconds: impl IntoIterator<Item = i64>) -> Vec<NewTask> {
    seconds.into_iter().map(due).collect()
}

/// At most `limit` of what the rows of [`due`] are: e-mail of normal priority.
pub(super) fn quota(limit: u32) -> Quota {
    Quota::new(Channel::EMAIL, Priority::Normal, limit)
}

pub(super) fn ids(tasks: &[Task]) -> Vec<TaskId> {
    tasks.iter().map(|task| task.id).collect()
}

pub(super) fn new_ids(tasks: &[NewTask]) -> Vec<TaskId> {
    tasks.iter().map(|task| task.id).collect()
}

/// The revision of an outcome that must be `Written`.
#[track_caller]
pub(super) fn written(outcomes: &[WriteOutcome]) -> Revision {
    match outcomes {
        [WriteOutcome::Written(revision)] => *revision,
        other => panic!("one write was expected: {other:?}"),
    }
}

/// Calls again while the store says `Conflict`; every other error ends the case.
pub(super) async fn kept<T, F>(call: impl Fn() -> F) -> T
where
    F: Future<Output = StoreResult<T>>,
{
    for _ in 0..CONFLICTS_MAX {
        match call().await {
            Ok(answer) => return answer,
            Err(error) if error.kind() == StoreErrorKind::Conflict => {}
            Err(error) => panic!("the store failed: {error}"),
        }
    }
    panic!("the store answered conflict {CONFLICTS_MAX} times in a row")
}

/// Polls a call so many times, unless it ends before, and drops it.
pub(super) async fn dropped_after<T>(polls: u32, call: impl Future<Output = T>) -> Option<T> {
    let mut call = pin!(call);
    for _ in 0..polls {
        let polled = std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
        if let Poll::Ready(answer) = polled {
            return Some(answer);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// A store and the harness that it came from.
pub(super) struct Bench {
    pub(super) harness: Arc<dyn StoreHarness>,
    pub(super) store: Arc<dyn TaskStore>,
}

/// All that a store tells: for "and changes nothing".
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Everything {
    pub(super) tasks: Vec<Task>,
    pub(super) history: Vec<StoredEntry>,
}

impl Bench {
    pub(super) async fn new(harness: Arc<dyn StoreHarness>) -> Bench {
        let store = harness.store().await;
        Bench { harness, store }
    }

    /// The same data opened again.
    pub(super) async fn reopened(&self) -> Result<Bench, Verdict> {
        match self.harness.reopen().await {
            Some(store) => Ok(Bench { harness: self.harness.clone(), store }),
            None => Err(Verdict::NotApplicable("the harness cannot reopen its store")),
        }
    }

    pub(super) async fn begin(&self) -> Result<Box<dyn HostTransaction>, Verdict> {
        let transaction = self.harness.begin().await;
        transaction.ok_or(Verdict::NotApplicable("the store takes no part in host transactions"))
    }

    pub(super) fn notes(&self) -> Result<&dyn NoteStore, Verdict> {
        self.store.notes().ok_or(Verdict::NotApplicable("the store keeps no notes"))
    }

    pub(super) async fn insert(&self, tasks: &[NewTask]) -> Vec<InsertOutcome> {
        kept(|| self.store.insert(now(), tasks)).await
    }

    /// Inserts one row and answers what is stored.
    pub(super) async fn stored(&self, new: NewTask) -> Task {
        let id = new.id;
        assert_eq!(self.insert(&[new]).await, [InsertOutcome::Inserted]);
        self.row(id).await
    }

    /// A stored row.
    pub(super) async fn row(&self, id: TaskId) -> Task {
        let found = kept(|| self.store.task(id)).await;
        found.unwrap_or_else(|| panic!("task {id} is not stored"))
    }

    pub(super) async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> Claimed {
        kept(|| self.store.claim(now, request)).await
    }

    /// Claims rows of [`due`] for 30 s.
    pub(super) async fn claim_due(&self, now: DateTime<Utc>, limit: u32) -> (ClaimId, Claimed) {
        let claim = claim_id(now);
        let until = saturating_add(now, Duration::from_secs(30));
        let request = ClaimRequest::new(claim, until, vec![quota(limit)]);
        (claim, self.claim(now, &request).await)
    }

    /// Inserts a row that is due and claims it.
    pub(super) async fn claimed(&self) -> (ClaimId, Task) {
        let row = self.stored(due(0)).await;
        let (claim, claimed) = self.claim_due(now(), 10).await;
        assert_eq!(ids(&claimed.tasks), [row.id]);
        (claim, claimed.tasks[0].clone())
    }

    pub(super) async fn apply(&self, now: DateTime<Utc>, changes: &[Change]) -> Vec<WriteOutcome> {
        kept(|| self.store.apply(now, changes)).await
    }

    pub(super) async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> Vec<WriteOutcome> {
        kept(|| self.store.extend(now, extensions)).await
    }

    pub(super) async fn list(&self, query: &TaskQuery) -> Vec<Task> {
        kept(|| self.store.list(query)).await
    }

    pub(super) async fn history(&self, query: &HistoryQuery) -> Vec<StoredEntry> {
        kept(|| self.store.history(query)).await
    }

    /// The whole history of one task.
    pub(super) async fn history_of(&self, id: TaskId) -> Vec<StoredEntry> {
        self.history(&HistoryQuery::of(id, 1_000)).await
    }

    pub(super) async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> u64 {
        kept(|| self.store.erase(now, what, limit)).await
    }

    pub(super) async fn everything(&self) -> Everything {
        let tasks = self.list(&TaskQuery::new(TaskFilter::default(), 10_000)).await;
        let history = self.history(&HistoryQuery::since(DateTime::UNIX_EPOCH, 10_000)).await;
        Everything { tasks, history }
    }

    /// Whether `event` comes within the harness's patience.
    pub(super) async fn comes(&self, event: impl Future<Output = ()>) -> bool {
        let clock = SystemClock::new();
        let limit = saturating_add(clock.now(), self.harness.patience());
        tokio::select! {
            biased;
            () = event => true,
            () = clock.sleep_until(limit) => false,
        }
    }
}
