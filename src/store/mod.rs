//! WHERE: the contract that every store keeps, in fifteen clauses.
//!
//! [`TaskStore`] is the port of the engine to a database. [`MemoryStore`] is its reference: written
//! to be read, every clause visible in it. `testing::task_store_conformance!` turns each clause
//! into tests of their own, for stores written outside this crate too.

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod batch;
pub mod check;
mod error;
mod ext;
mod memory;
mod notes;
#[cfg(feature = "postgres")]
pub mod postgres;
mod query;
mod request;
mod sent;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod traced;
mod writes;

pub use error::{StoreError, StoreErrorKind, StoreResult};
pub use ext::TaskStoreExt;
pub use memory::{MemoryStore, MemoryTransaction, MemoryWrites};
pub use notes::{Note, NoteStore, NoteWrite, SEAL_NOTE};
#[cfg(feature = "postgres")]
pub use postgres::{PoolerMode, PostgresStore, PostgresWrites, SchemaName};
pub use query::{
    Counters, Erase, HistoryQuery, StoreStats, StoredEntry, TaskCount, TaskFilter, TaskOrder,
    TaskQuery,
};
pub use request::{
    Change, ClaimRequest, Claimed, Condition, Durability, Extension, InsertOutcome, LeaseChange,
    Probe, Quota, StoreIdentity, Times, WriteOutcome,
};
pub use sent::{SentCount, SentQuery, SentTo};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteStore, SqliteWrites};
pub(crate) use traced::Traced;
pub use writes::TaskWrites;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use crate::task::{NewTask, Task};

/// A new or moved row that wakes within this time of now wakes a waiting engine; everything else
/// is found in time by its poll, which may not be rarer.
pub(crate) const NOTIFY_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// Where tasks are kept: the port of the engine to a database.
///
/// # Contract
///
/// Instants are UTC with whole microseconds. "Pending" and "finished" are those of
/// [`TaskState::is_finished`](crate::task::TaskState::is_finished). A lease is *live* while its end
/// lies after `now`.
///
/// 1. **Answers** match inputs one to one, in order. An empty batch answers empty.
/// 2. **`insert`**: a taken dedup key answers [`InsertOutcome::Taken`] with its holder and changes
///    nothing; a bad item is an error that names its index, and nothing is stored. The same id
///    again is `Inserted` again. Of two equal keys in one batch the second is `Taken`.
/// 3. **`claim`** takes rows with `wake_at <= now` and no live lease, by `(wake_at, id)`, at most
///    each quota's limit (0 means not asked for). Concurrent claims never share a task.
/// 4. **`claim` writes** lease, `unfinished_claims + 1`, `updated_at`, `revision + 1` and nothing
///    else. Rows are chosen by clause 3; of those with `unfinished_claims >= 2` before this claim
///    only the first by `(wake_at, id)` over all quotas is kept, the others use up their quota and
///    stay untouched. Answers stand in `(wake_at, id)` order. A claimed task that is still
///    `Sending` was abandoned in mid-send. With [`ClaimRequest::repeated`] a claim takes nothing
///    and changes nothing: it returns all tasks whose live lease carries its claim id, whatever
///    the quotas, with `next_wake_at = now`.
/// 5. **`next_wake_at`** is `now` if a quota was filled or clause 4 left a row out; `now + 1 s` if
///    a due, unleased row was not obtained because it is locked elsewhere; else the earliest of
///    the next `wake_at` and the lease ends of due rows, those just claimed included. Only
///    channels and priorities with a quota count.
/// 6. **`apply`** writes only where `revision == expected`, **`extend`** only where the claim id
///    still holds the lease; else [`WriteOutcome::Stale`], without effect. Items are independent;
///    one bad item is [`WriteOutcome::Rejected`].
/// 7. A written change, its history entry and its inserts are one transaction; the revision grows
///    by one. [`LeaseChange::Clear`] is an outcome; it, and only it, sets `unfinished_claims` to
///    0. `extend` keeps the revision unless it hands off (state `Sending`, `handed_off_at = now`,
///    `revision + 1`: a racing cancel then loses); on a row that is already `Sending` under the
///    same claim it only extends. A lease that is over but untaken is still held.
/// 8. Every call may be **repeated** after [`StoreErrorKind::Transient`]: a change whose
///    `entry.id` is already stored changes nothing and answers `Written` with the revision stored
///    beside that entry.
/// 9. **Kinds**: `Conflict` means nothing was written, repeat at once; `Transient` means unknown,
///    repeat the same call later; `Permanent` means nothing was written, stop and report. A
///    dropped future equals `Transient`.
/// 10. **Same calls, same answers**: no clock (but [`Probe::server_time`]), no ids, no random
///     numbers.
/// 11. **Instants** come back exactly; data and body byte for byte; emoji, right-to-left text,
///     quotes and backslashes unharmed.
/// 12. **No waiting**: `apply`, `extend` and `claim` never wait for a row that is locked elsewhere:
///     such an item answers [`WriteOutcome::Busy`], or is left out of the claim. A store that
///     locks as a whole (SQLite) waits within a budget, then answers `Conflict`. Inside
///     [`TaskWrites`] `Busy` is an error of kind `Conflict`.
/// 13. **Failure paths** cannot fail on the text of the failure: it is [`SafeText`].
/// 14. **Durable**: hand-offs and outcomes are on disk when the call returns; [`Probe::durability`]
///     reports the level.
/// 15. **`erase`** touches finished rows only and adds what it removes to [`StoreStats::erased`] in
///     the same transaction, so that the sums of an audit stay closed.
///
/// A change sets `finished_at = now` when its state is finished, else `None`; it clears
/// `handed_off_at` unless its state is `Sending`. Where a change carries inserts, an insert whose
/// key is taken is left out and the change stands.
///
/// # Cancel safety
///
/// No method is cancel safe in the sense that nothing happened: a dropped call may have taken
/// effect (clause 9). All are safe to repeat (clause 8).
///
/// [`SafeText`]: crate::task::SafeText
#[async_trait]
pub trait TaskStore: Debug + Send + Sync + 'static {
    /// Schema version, durability, identity, and the server's time where there is a server.
    async fn probe(&self) -> StoreResult<Probe>;

    /// Stores new tasks, each with its first history entry (clause 2).
    async fn insert(
        &self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>>;

    /// Leases due tasks, earliest first, by quota (clauses 3 to 5).
    async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> StoreResult<Claimed>;

    /// Lengthens leases; with [`Extension::hand_off`] also marks the hand-off (clauses 6 and 7).
    async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>>;

    /// Writes changes by compare-and-set, each with its history entry (clauses 6 to 8).
    async fn apply(&self, now: DateTime<Utc>, changes: &[Change])
    -> StoreResult<Vec<WriteOutcome>>;

    /// One page of tasks; the query says which, and in which order.
    async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>>;

    /// One page of history, oldest first by `(at, revision, entry id)`.
    async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>>;

    /// Erases from finished rows, at most `limit` of them, and says how many (clause 15).
    async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> StoreResult<u64>;

    /// Counts what is stored, and what was erased.
    async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats>;

    /// Small shared documents: breakers, pauses, suppressions, the seal. Where a store has none,
    /// each process keeps them for itself.
    fn notes(&self) -> Option<&dyn NoteStore> {
        None
    }

    /// Ticks when work may have arrived that is earlier than what a claim foretold. Where a store
    /// has none, the engine polls.
    fn wakeups(&self) -> Option<watch::Receiver<u64>> {
        None
    }

    /// What went, or may be going, out to persons lately: answers match the persons one to one. The
    /// engine asks it once for each batch that it claimed, for the limit of messages to one person.
    ///
    /// A store that does not answer by itself is asked for all tasks of each person and their
    /// histories; one that holds many rows should count where they are.
    async fn count_sent(
        &self,
        now: DateTime<Utc>,
        query: &SentQuery,
    ) -> StoreResult<Vec<SentCount>> {
        sent::counted(self, now, query).await
    }

    /// What an operator should know of the store beyond its answers: for
    /// [`Scheduler::doctor`](crate::Scheduler::doctor).
    async fn condition(&self) -> StoreResult<Condition> {
        Ok(Condition::default())
    }
}

macro_rules! forward {
    ($pointer:ident) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<S: TaskStore + ?Sized> TaskStore for $pointer<S> {
            async fn probe(&self) -> StoreResult<Probe> {
                (**self).probe().await
            }

            async fn insert(
                &self,
                now: DateTime<Utc>,
                tasks: &[NewTask],
            ) -> StoreResult<Vec<InsertOutcome>> {
                (**self).insert(now, tasks).await
            }

            async fn claim(
                &self,
                now: DateTime<Utc>,
                request: &ClaimRequest,
            ) -> StoreResult<Claimed> {
                (**self).claim(now, request).await
            }

            async fn extend(
                &self,
                now: DateTime<Utc>,
                extensions: &[Extension],
            ) -> StoreResult<Vec<WriteOutcome>> {
                (**self).extend(now, extensions).await
            }

            async fn apply(
                &self,
                now: DateTime<Utc>,
                changes: &[Change],
            ) -> StoreResult<Vec<WriteOutcome>> {
                (**self).apply(now, changes).await
            }

            async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
                (**self).list(query).await
            }

            async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>> {
                (**self).history(query).await
            }

            async fn erase(
                &self,
                now: DateTime<Utc>,
                what: &Erase,
                limit: u32,
            ) -> StoreResult<u64> {
                (**self).erase(now, what, limit).await
            }

            async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats> {
                (**self).stats(now).await
            }

            fn notes(&self) -> Option<&dyn NoteStore> {
                (**self).notes()
            }

            fn wakeups(&self) -> Option<watch::Receiver<u64>> {
                (**self).wakeups()
            }

            async fn count_sent(
                &self,
                now: DateTime<Utc>,
                query: &SentQuery,
            ) -> StoreResult<Vec<SentCount>> {
                (**self).count_sent(now, query).await
            }

            async fn condition(&self) -> StoreResult<Condition> {
                (**self).condition().await
            }
        }
    };
}

forward!(Arc);
forward!(Box);

/// `TaskStore` stays usable as `dyn TaskStore`: this does not compile otherwise.
const _: Option<&dyn TaskStore> = None;
