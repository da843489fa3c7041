//! The memory store with one thing wrong.

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use puntual::store::{
    Change, ClaimRequest, Claimed, Counters, Durability, Erase, Extension, HistoryQuery,
    InsertOutcome, LeaseChange, MemoryStore, NoteStore, Probe, SentCount, SentQuery, StoreError,
    StoreErrorKind, StoreIdentity, StoreResult, StoreStats, StoredEntry, TaskFilter, TaskOrder,
    TaskQuery, TaskStore, TaskStoreExt, WriteOutcome,
};
use puntual::task::{NewTask, Revision, Task, TaskState};
use puntual::testing::{change, entry_id};
use tokio::sync::watch;

use super::Twist;

/// A clock that goes on whoever asks, as the machine's does.
static TICKS: AtomicI64 = AtomicI64::new(0);

#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) inner: MemoryStore,
    pub(super) twist: Twist,
    calls: AtomicI64,
    never: watch::Sender<u64>,
}

fn error<T>(kind: StoreErrorKind, operation: &'static str) -> StoreResult<T> {
    Err(StoreError::new(kind, operation, "a wrong store"))
}

impl Wrong {
    pub(super) fn new(inner: MemoryStore, twist: Twist) -> Wrong {
        Wrong { inner, twist, calls: AtomicI64::new(0), never: watch::Sender::new(0) }
    }

    fn is(&self, twist: Twist) -> bool {
        self.twist == twist
    }

    /// A row as this store shows it.
    fn shown(&self, mut task: Task) -> Task {
        let millis = |at: DateTime<Utc>| DateTime::from_timestamp_millis(at.timestamp_millis());
        let plain = |text: &str| text.chars().filter(|c| *c < '\u{10000}').collect::<String>();
        match self.twist {
            Twist::UnfinishedClaimsForgotten => {
                task.unfinished_claims = task.unfinished_claims.min(1);
            }
            Twist::FinishForgotten => task.finished_at = None,
            Twist::Milliseconds => {
                task.due_at = millis(task.due_at).unwrap();
                task.created_at = millis(task.created_at).unwrap();
            }
            Twist::EmojiLost => {
                task.body = puntual::task::TaskBody::from_stored(plain(task.body.as_str()));
            }
            Twist::BodiesTrimmed => {
                let text = task.body.as_str().trim_end().to_owned();
                task.body = puntual::task::TaskBody::from_stored(text);
            }
            _ => {}
        }
        task
    }

    async fn rows(&self, filter: TaskFilter) -> Vec<Task> {
        self.inner.all(filter).await.unwrap()
    }

    async fn is_known(&self, change: &Change) -> bool {
        let told = self.inner.history_of(change.task).await.unwrap();
        told.iter().any(|stored| stored.entry.id == change.entry.id)
    }

    /// A change as this store understands it.
    async fn understood(&self, given: &Change) -> Change {
        let mut change = given.clone();
        let row = self.inner.task(change.task).await.unwrap();
        let revision = row.map_or(Revision::FIRST, |row| row.revision);
        match self.twist {
            Twist::RevisionIgnored => change.expected = revision,
            Twist::KeepClears => change.lease = LeaseChange::Clear,
            Twist::ClearKeeps => change.lease = LeaseChange::Keep,
            Twist::InsertsDropped => change.inserts.clear(),
            Twist::RepeatWrittenTwice if self.is_known(given).await => {
                change.entry.id = entry_id(change.entry.at);
                change.expected = revision;
            }
            _ => {}
        }
        change
    }

    fn probed(&self, mut probe: Probe) -> Probe {
        match self.twist {
            Twist::DurabilityInvented => probe.durability = Durability::Durable,
            Twist::IdentityOfTheMoment => {
                let number = self.calls.fetch_add(1, Ordering::SeqCst);
                probe.identity = StoreIdentity(number.to_string());
            }
            _ => {}
        }
        probe
    }

    /// Gives every live lease up, as a claim that does not look at leases would.
    async fn free_everything(&self, now: DateTime<Utc>) {
        for row in self.rows(TaskFilter::default()).await {
            if row.is_leased(now) {
                let freed = change(&row).ends_claim().build();
                self.inner.apply(now, &[freed]).await.unwrap();
            }
        }
    }

    async fn written(&self, now: DateTime<Utc>, given: &Change) -> StoreResult<WriteOutcome> {
        let texts = [&given.last_error, &given.entry.detail];
        let long = texts.into_iter().flatten().any(|text| text.as_str().len() > 255);
        if self.is(Twist::LongTextRefused) && long {
            return error(StoreErrorKind::Transient, "apply");
        }
        if self.is(Twist::RepeatIsStale) && self.is_known(given).await {
            return Ok(WriteOutcome::Stale);
        }
        let mut change = self.understood(given).await;
        let torn = self.is(Twist::ChangeTornApart);
        let inserts = if torn { std::mem::take(&mut change.inserts) } else { Vec::new() };
        let outcome = self.inner.apply(now, &[change]).await?.remove(0);
        if torn && !self.is_known(given).await {
            return Ok(outcome);
        }
        if torn && self.calls.fetch_add(1, Ordering::SeqCst) < 1 {
            tokio::task::yield_now().await;
            self.inner.insert(now, &inserts).await?;
        }
        Ok(outcome)
    }
}

#[async_trait]
impl TaskStore for Wrong {
    async fn probe(&self) -> StoreResult<Probe> {
        Ok(self.probed(self.inner.probe().await?))
    }

    async fn insert(
        &self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        if self.is(Twist::EmptyRefused) && tasks.is_empty() {
            return error(StoreErrorKind::Permanent, "insert");
        }
        let now = match self.twist {
            Twist::ClockOfItsOwn => now + TimeDelta::seconds(TICKS.fetch_add(1, Ordering::SeqCst)),
            _ => now,
        };
        let answer = self.inner.insert(now, tasks).await;
        let mut outcomes = match (answer, self.twist) {
            (Err(_), Twist::BadBatchTransient) => {
                return error(StoreErrorKind::Transient, "insert");
            }
            (Err(_), Twist::BadItemNameless) => return error(StoreErrorKind::Permanent, "insert"),
            (Err(refused), Twist::GoodItemsStored) => {
                for task in tasks {
                    let _ = self.inner.insert(now, std::slice::from_ref(task)).await;
                }
                return Err(refused);
            }
            (answer, _) => answer?,
        };
        for (outcome, task) in outcomes.iter_mut().zip(tasks) {
            let InsertOutcome::Taken(holder) = outcome else { continue };
            if self.is(Twist::TakenOverwritten) {
                let over = change(holder).recipient("somebody else").wakes(task.due_at).build();
                self.inner.apply(now, &[over]).await?;
            }
            if self.is(Twist::TakenHidden) {
                *outcome = InsertOutcome::Inserted;
            }
        }
        if self.is(Twist::AnswersReversed) {
            outcomes.reverse();
        }
        Ok(outcomes)
    }

    async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> StoreResult<Claimed> {
        let mut request = request.clone();
        match self.twist {
            Twist::LeasesIgnored => self.free_everything(now).await,
            Twist::OneTooMany => request.quotas.iter_mut().for_each(|quota| quota.limit += 1),
            Twist::RepeatTakesMore => request.repeated = false,
            _ => {}
        }
        let look = match self.twist {
            Twist::ClaimedEarly => now + TimeDelta::milliseconds(1),
            _ => now,
        };
        let mut claimed = self.inner.claim(look, &request).await?;
        claimed.probe = self.probed(claimed.probe);
        claimed.tasks = claimed.tasks.into_iter().map(|task| self.shown(task)).collect();
        match self.twist {
            Twist::ClaimUnsorted => claimed.tasks.reverse(),
            Twist::SuspectsTogether => {
                let more = self.inner.claim(look, &request).await?;
                claimed.tasks.extend(more.tasks);
            }
            Twist::NextWakeOff => {
                claimed.next_wake_at = claimed.next_wake_at.map(|at| at + TimeDelta::seconds(1));
            }
            Twist::NextWakeForgotten => claimed.next_wake_at = None,
            Twist::NextWakeOfEverything => {
                let stats = self.inner.stats(now).await?;
                claimed.next_wake_at = stats.next_wake_at.map(|at| at.max(now));
            }
            Twist::LockedRowsForgotten => {
                let second = now + TimeDelta::seconds(1);
                claimed.next_wake_at = claimed.next_wake_at.filter(|at| *at != second);
            }
            _ => {}
        }
        Ok(claimed)
    }

    async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>> {
        let mut outcomes = Vec::new();
        for extension in extensions {
            let mut extension = extension.clone();
            let lease = self.inner.task(extension.task).await?.and_then(|task| task.lease);
            match (self.twist, lease) {
                (Twist::ClaimIdIgnored, Some(lease)) => extension.claim = lease.claim,
                (Twist::HandOffUnmarked, _) => extension.hand_off = false,
                (Twist::RenewalMarks, _) => extension.hand_off = true,
                (Twist::OverLeaseLost, Some(lease)) if lease.until <= now => {
                    outcomes.push(WriteOutcome::Stale);
                    continue;
                }
                _ => {}
            }
            outcomes.extend(self.inner.extend(now, &[extension]).await?);
        }
        self.finished(outcomes, "extend")
    }

    async fn apply(
        &self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        let mut outcomes = Vec::new();
        for change in changes {
            outcomes.push(self.written(now, change).await?);
        }
        self.finished(outcomes, "apply")
    }

    async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        let mut query = query.clone();
        match self.twist {
            Twist::EmptyIdsMeanAll => query.filter.ids = query.filter.ids.filter(|i| !i.is_empty()),
            Twist::AlwaysByIds => query.order = TaskOrder::Id,
            Twist::FirstPageOnly => query.after = None,
            _ => {}
        }
        let found = self.inner.list(&query).await?;
        Ok(found.into_iter().map(|task| self.shown(task)).collect())
    }

    async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>> {
        let mut query = query.clone();
        if self.is(Twist::FromIgnored) {
            query.from = None;
        }
        let mut found = self.inner.history(&query).await?;
        match self.twist {
            Twist::NewestFirst => found.reverse(),
            Twist::LatenessRounded => {
                for stored in &mut found {
                    let seconds = stored.entry.lateness.map(|late| late.num_seconds());
                    stored.entry.lateness = seconds.map(TimeDelta::seconds);
                }
            }
            _ => {}
        }
        Ok(found)
    }

    async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> StoreResult<u64> {
        match (self.twist, what) {
            (Twist::PendingErased, Erase::Person(person)) => {
                for row in self.rows(TaskFilter::person(person.clone())).await {
                    let ended = change(&row).to(TaskState::Cancelled).ends_claim().build();
                    self.inner.apply(now, &[ended]).await?;
                }
            }
            (Twist::EraseLimitIgnored, _) => return self.inner.erase(now, what, u32::MAX).await,
            _ => {}
        }
        self.inner.erase(now, what, limit).await
    }

    async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats> {
        let mut stats = self.inner.stats(now).await?;
        match self.twist {
            Twist::ErasedUncounted => stats.erased = Counters::default(),
            Twist::OverdueMiscounted => stats.overdue = stats.tasks.len() as u64,
            _ => {}
        }
        Ok(stats)
    }

    async fn count_sent(
        &self,
        now: DateTime<Utc>,
        query: &SentQuery,
    ) -> StoreResult<Vec<SentCount>> {
        let mut counts = self.inner.count_sent(now, query).await?;
        if self.is(Twist::OthersOverlooked) {
            counts.iter_mut().for_each(|count| count.under_way = 0);
        }
        Ok(counts)
    }

    fn notes(&self) -> Option<&dyn NoteStore> {
        match self.twist {
            Twist::NotesOverwritten => Some(self),
            _ => self.inner.notes(),
        }
    }

    fn wakeups(&self) -> Option<watch::Receiver<u64>> {
        match self.twist {
            Twist::NeverTicks => Some(self.never.subscribe()),
            _ => self.inner.wakeups(),
        }
    }
}

impl Wrong {
    /// The outcomes of a batch as this store answers them.
    fn finished(
        &self,
        mut outcomes: Vec<WriteOutcome>,
        operation: &'static str,
    ) -> StoreResult<Vec<WriteOutcome>> {
        let any = |wanted: fn(&WriteOutcome) -> bool| outcomes.iter().any(wanted);
        match self.twist {
            Twist::AnswersReversed => outcomes.reverse(),
            Twist::OneLoserFailsAll if any(|outcome| *outcome == WriteOutcome::Stale) => {
                return error(StoreErrorKind::Transient, operation);
            }
            Twist::BadItemFailsAll if any(|o| matches!(o, WriteOutcome::Rejected(_))) => {
                return error(StoreErrorKind::Permanent, operation);
            }
            Twist::BusyIsStale => {
                for outcome in outcomes.iter_mut().filter(|o| **o == WriteOutcome::Busy) {
                    *outcome = WriteOutcome::Stale;
                }
            }
            Twist::BusyFailsAll if any(|outcome| *outcome == WriteOutcome::Busy) => {
                return error(StoreErrorKind::Conflict, operation);
            }
            _ => {}
        }
        Ok(outcomes)
    }
}
