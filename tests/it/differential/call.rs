//! Calls as data, and what a store answers to them.

use chrono::{DateTime, Utc};
use puntual::store::{
    Change, ClaimRequest, Erase, Extension, HistoryQuery, InsertOutcome, Note, NoteWrite,
    StoreErrorKind, StoreResult, StoreStats, StoredEntry, TaskFilter, TaskQuery, TaskStore,
    TaskWrites, WriteOutcome,
};
use puntual::task::{NewTask, Task};

use super::party::Party;

/// The names of all notes that are ever written.
pub(super) const NOTES: [&str; 3] = ["seal", "breaker/email", "breaker/\u{10ffff}"];

/// One call and its time.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) now: DateTime<Utc>,
    pub(super) call: Call,
}

/// What is asked of every store.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Insert(Vec<NewTask>),
    Claim(ClaimRequest),
    Extend(Vec<Extension>),
    Apply(Vec<Change>),
    List(TaskQuery),
    History(HistoryQuery),
    Erase(Erase, u32),
    WriteNote(NoteWrite),
    Notes,
    /// In a transaction of the host, which commits or not.
    Within(Vec<Write>, bool),
    /// All that is stored.
    Everything,
}

/// What is asked in a transaction of the host.
#[derive(Debug, Clone)]
pub(super) enum Write {
    Insert(Vec<NewTask>),
    Apply(Vec<Change>),
    List(Box<TaskQuery>),
}

/// What a store answers; of an error only its kind.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Inserted(Vec<InsertOutcome>),
    /// The tasks, the next wake, the seal.
    Claimed(Vec<Task>, Option<DateTime<Utc>>, Option<String>),
    Extended(Vec<WriteOutcome>),
    Applied(Vec<WriteOutcome>),
    Listed(Vec<Task>),
    History(Vec<StoredEntry>),
    Erased(u64),
    NoteWritten(WriteOutcome),
    /// By name, and by prefix.
    Notes(Vec<Option<Note>>, Vec<Note>),
    Within(Vec<Answer>),
    Everything(Vec<Task>, Vec<StoredEntry>, Vec<Note>, StoreStats),
    Failed(StoreErrorKind),
}

impl Step {
    /// Makes the call.
    pub(super) async fn ask(&self, party: &dyn Party) -> Answer {
        let (now, store) = (self.now, party.store());
        match &self.call {
            Call::Insert(batch) => answer(store.insert(now, batch).await, Answer::Inserted),
            Call::Claim(request) => answer(store.claim(now, request).await, |claimed| {
                Answer::Claimed(claimed.tasks, claimed.next_wake_at, claimed.probe.seal)
            }),
            Call::Extend(batch) => answer(store.extend(now, batch).await, Answer::Extended),
            Call::Apply(batch) => answer(store.apply(now, batch).await, Answer::Applied),
            Call::List(query) => answer(store.list(query).await, Answer::Listed),
            Call::History(query) => answer(store.history(query).await, Answer::History),
            Call::Erase(what, limit) => {
                answer(store.erase(now, what, *limit).await, Answer::Erased)
            }
            Call::WriteNote(write) => {
                let notes = store.notes().expect("every store here keeps notes");
                answer(notes.write_note(now, write).await, Answer::NoteWritten)
            }
            Call::Notes => answer(read_notes(store).await, |(by_name, by_prefix)| {
                Answer::Notes(by_name, by_prefix)
            }),
            Call::Within(writes, commits) => {
                Answer::Within(party.within(now, writes, *commits).await)
            }
            Call::Everything => answer(everything(store, now).await, |found| found),
        }
    }
}

fn answer<T>(answer: StoreResult<T>, show: impl FnOnce(T) -> Answer) -> Answer {
    answer.map_or_else(|error| Answer::Failed(error.kind()), show)
}

async fn read_notes(store: &dyn TaskStore) -> StoreResult<(Vec<Option<Note>>, Vec<Note>)> {
    let notes = store.notes().expect("every store here keeps notes");
    let by_name = notes.read_notes(&NOTES.map(String::from)).await?;
    Ok((by_name, notes.list_notes("breaker/", 9).await?))
}

async fn everything(store: &dyn TaskStore, now: DateTime<Utc>) -> StoreResult<Answer> {
    let tasks = store.list(&TaskQuery::new(TaskFilter::default(), 10_000)).await?;
    let history = store.history(&HistoryQuery::since(DateTime::UNIX_EPOCH, 10_000)).await?;
    let notes = store.notes().expect("every store here keeps notes");
    let notes = notes.list_notes("", 100).await?;
    Ok(Answer::Everything(tasks, history, notes, store.stats(now).await?))
}

/// Makes the writes of a host's transaction, up to the first that fails; says whether all went
/// well, so that the host may commit.
pub(super) async fn write_all(
    into: &mut dyn TaskWrites,
    now: DateTime<Utc>,
    writes: &[Write],
) -> (Vec<Answer>, bool) {
    let mut answers = Vec::new();
    for write in writes {
        let one = match write {
            Write::Insert(batch) => answer(into.insert(now, batch).await, Answer::Inserted),
            Write::Apply(batch) => answer(into.apply(now, batch).await, Answer::Applied),
            Write::List(query) => answer(into.list(query).await, Answer::Listed),
        };
        let failed = matches!(one, Answer::Failed(_));
        answers.push(one);
        if failed {
            return (answers, false);
        }
    }
    (answers, true)
}
