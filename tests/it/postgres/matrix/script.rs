//! Every call of the store, one after the other, by a caller who keeps to the contract: what is
//! transient is repeated as it is, and a transaction that failed as a whole.

use chrono::TimeDelta;
use puntual::store::{
    Change, ClaimRequest, Claimed, Erase, Extension, HistoryQuery, InsertOutcome, LeaseChange,
    NoteWrite, PostgresStore, Quota, StoreError, StoreErrorKind, StoreResult, TaskFilter,
    TaskQuery, TaskStore, TaskStoreExt, TaskWrites, WriteOutcome,
};
use puntual::task::{
    Channel, ClaimId, Entropy, Kind, NewTask, PersonKey, Priority, Revision, Subject, Task, TaskId,
    TaskState, What,
};

use super::super::{at, cancel, entry};

/// How often a caller repeats one call or transaction.
const TRIES: usize = 4;

/// What a run of the script came to.
#[derive(Debug)]
pub(super) struct Told {
    /// What the caller was told of faults.
    pub(super) errors: Vec<StoreError>,
    /// How many of them in a transaction of its own.
    pub(super) errors_in_transaction: usize,
    /// What is stored in the end, without what differs from run to run.
    pub(super) stored: String,
}

/// One run: its rows have a channel and a person of their own.
struct Run<'s> {
    store: &'s PostgresStore,
    entropy: Entropy,
    channel: Channel,
    person: PersonKey,
    errors: Vec<StoreError>,
    errors_in_transaction: usize,
}

/// Runs the script on `store`, and looks at the end of it with `looking`, which nothing befalls.
pub(super) async fn run(store: &PostgresStore, looking: &PostgresStore, number: u64) -> Told {
    let mut run = Run {
        store,
        entropy: Entropy::seeded(number),
        channel: Channel::new(format!("channel-{number}")).unwrap(),
        person: PersonKey::new(format!("user {number}")).unwrap(),
        errors: Vec::new(),
        errors_in_transaction: 0,
    };
    let [sent, retried, cancelled] = [("sent", 100), ("retried", 101), ("cancelled", 102)]
        .map(|(id, due)| run.reminder(id, due));
    run.insert(&[sent, retried, cancelled.clone()]).await;
    let claimed = run.claim().await;
    run.work(claimed.tasks).await;
    run.look().await;
    run.write_notes().await;
    run.book(cancelled.id).await;
    run.erase().await;
    let stored = run.stored(looking).await;
    let Run { errors, errors_in_transaction, .. } = run;
    Told { errors, errors_in_transaction, stored }
}

impl Run<'_> {
    fn reminder(&self, booking: &str, due: i64) -> NewTask {
        let id = TaskId::new(at(0), &self.entropy);
        NewTask::new(
            id,
            Kind::new("reminder_24h").unwrap(),
            Subject::new("booking", booking),
            self.person.clone(),
            self.channel.clone(),
            at(due),
            at(due) + TimeDelta::hours(1),
            entry(&self.entropy, id, What::Scheduled, TaskState::Scheduled),
        )
    }

    fn mine(&self) -> TaskFilter {
        TaskFilter::default().on_channel(self.channel.clone())
    }

    /// Repeats a call as long as it says that this may help.
    async fn call<T>(&mut self, call: impl AsyncFn() -> StoreResult<T>) -> T {
        for _ in 0..TRIES {
            match call().await {
                Ok(answer) => return answer,
                Err(error) => self.errors.push(error),
            }
        }
        panic!("no answer in {TRIES} tries: {:?}", self.errors);
    }

    /// New rows, and then one whose key is taken.
    async fn insert(&mut self, new: &[NewTask]) {
        let store = self.store;
        let outcomes = self.call(async || store.insert(at(0), new).await).await;
        assert_eq!(outcomes, vec![InsertOutcome::Inserted; new.len()]);
        let again = [self.reminder("sent", 100)];
        let outcomes = self.call(async || store.insert(at(0), &again).await).await;
        assert!(matches!(&outcomes[..], [InsertOutcome::Taken(holder)] if holder.id == new[0].id));
    }

    /// Two of the three that are due. After a lost answer the claim is asked what it took.
    async fn claim(&mut self) -> Claimed {
        let quota = Quota::new(self.channel.clone(), Priority::Normal, 2);
        let claim = ClaimId::new(at(200), &self.entropy);
        let mut request = ClaimRequest::new(claim, at(230), vec![quota]);
        for _ in 0..TRIES {
            match self.store.claim(at(200), &request).await {
                // The claim was lost before it took anything: it is another one's turn.
                Ok(claimed) if claimed.tasks.is_empty() => request.repeated = false,
                Ok(claimed) => return claimed,
                Err(error) => {
                    request.repeated |= error.kind() == StoreErrorKind::Transient;
                    self.errors.push(error);
                }
            }
        }
        panic!("nothing claimed in {TRIES} tries: {:?}", self.errors);
    }

    /// One is handed off and sent, and brings another one with it; one is tried again later.
    async fn work(&mut self, claimed: Vec<Task>) {
        let store = self.store;
        let [mut first, second] = <[Task; 2]>::try_from(claimed).unwrap();
        let claim = first.lease.unwrap().claim;
        let extensions = [
            Extension::new(first.id, claim, at(240)).with_hand_off(),
            Extension::new(second.id, claim, at(240)),
        ];
        let outcomes = self.call(async || store.extend(at(201), &extensions).await).await;
        first.revision = first.revision.next();
        assert_eq!(outcomes, [written(first.revision), written(second.revision)]);

        let sent = entry(&self.entropy, first.id, What::Sent, TaskState::Sent);
        let mut sent = Change::of(&first, sent);
        (sent.state, sent.wake_at, sent.lease) = (TaskState::Sent, None, LeaseChange::Clear);
        sent.inserts = vec![self.reminder("follow-up", 500)];
        let change = [sent];
        let outcomes = self.call(async || store.apply(at(202), &change).await).await;
        assert_eq!(outcomes, [written(first.revision.next())]);

        let retry = entry(&self.entropy, second.id, What::Deferred, TaskState::Scheduled);
        let mut retry = Change::of(&second, retry);
        (retry.wake_at, retry.lease) = (Some(at(400)), LeaseChange::Clear);
        retry.attempts = 1;
        let change = [retry];
        let outcomes = self.call(async || store.apply(at(202), &change).await).await;
        assert_eq!(outcomes, [written(second.revision.next())]);
    }

    async fn look(&mut self) {
        let (store, mine) = (self.store, TaskQuery::new(self.mine(), 10));
        let tasks = self.call(async || store.list(&mine).await).await;
        assert_eq!(tasks.len(), 4);
        let history = HistoryQuery::of(tasks[0].id, 10);
        let history = self.call(async || store.history(&history).await).await;
        assert!(!history.is_empty());
        let stats = self.call(async || store.stats(at(203)).await).await;
        assert!(stats.tasks.iter().any(|count| count.channel == self.channel));
    }

    /// A note is no row: a write whose answer was lost is found to be there already.
    async fn write_notes(&mut self) {
        let store = self.store.notes().unwrap();
        let name = format!("script/{}", self.channel);
        let write = NoteWrite::new(&name, None, Some("text".to_owned()));
        self.call(async || store.write_note(at(204), &write).await).await;
        let names = [name.clone()];
        let found = self.call(async || store.read_notes(&names).await).await;
        let note = found.into_iter().flatten().next().unwrap();
        assert_eq!(note.text, "text");
        let delete = NoteWrite::new(&name, Some(&note), None);
        self.call(async || store.write_note(at(205), &delete).await).await;
        let left = self.call(async || store.list_notes(&name, 10).await).await;
        assert_eq!(left, []);
    }

    /// The host's own transaction: a booking with its confirmation, and another one cancelled.
    async fn book(&mut self, cancelled: TaskId) {
        let confirmation = [self.reminder("confirmed", 206)];
        let mut change = None;
        for _ in 0..TRIES {
            match self.book_once(&confirmation, cancelled, &mut change).await {
                Ok(()) => return,
                Err(error) => {
                    self.errors.push(error);
                    self.errors_in_transaction += 1;
                }
            }
        }
        panic!("not booked in {TRIES} tries: {:?}", self.errors);
    }

    async fn book_once(
        &self,
        confirmation: &[NewTask],
        cancelled: TaskId,
        change: &mut Option<Change>,
    ) -> StoreResult<()> {
        let own = |error: sqlx::Error| {
            // What a host makes of an error of its own statements.
            let code = error.as_database_error().and_then(|error| error.code());
            let kind = match code.is_some() {
                true => StoreErrorKind::Conflict,
                false => StoreErrorKind::Transient,
            };
            StoreError::new(kind, "book", error.to_string())
        };
        let mut transaction = self.store.pool().begin().await.map_err(own)?;
        let mut writes = self.store.transaction(&mut transaction);
        assert_eq!(writes.insert(at(206), confirmation).await?, [InsertOutcome::Inserted]);
        let found = writes.list(&TaskQuery::new(TaskFilter::ids([cancelled]), 1)).await?;
        // The same change each time: a commit whose answer was lost may have written it.
        let change = change.get_or_insert_with(|| cancel(&self.entropy, &found[0]));
        let outcomes = writes.apply(at(206), std::slice::from_ref(change)).await?;
        assert_eq!(outcomes, [written(change.expected.next())]);
        transaction.commit().await.map_err(own)
    }

    /// What is finished of this person goes. How many they were is lost with a lost answer.
    async fn erase(&mut self) {
        let (store, person) = (self.store, Erase::Person(self.person.clone()));
        let erased = self.call(async || store.erase(at(207), &person, 10).await).await;
        assert!(erased == 2 || !self.errors.is_empty(), "{erased}");
    }

    /// Rows and histories.
    async fn stored(&self, looking: &PostgresStore) -> String {
        let mut lines = Vec::new();
        for task in looking.all(self.mine()).await.unwrap() {
            let history = looking.history_of(task.id).await.unwrap();
            let history: Vec<_> = (history.iter())
                .map(|stored| (stored.entry.what, stored.entry.state, stored.revision))
                .collect();
            let Task { revision, state, wake_at, lease, unfinished_claims, .. } = &task;
            let (subject, attempts) = (&task.subject, task.attempts);
            lines.push(format!(
                "{subject:?} {revision:?} {state} {wake_at:?} {lease:?} {unfinished_claims} \
                 {attempts} {history:?}"
            ));
        }
        lines.sort();
        lines.join("\n")
    }
}

fn written(revision: Revision) -> WriteOutcome {
    WriteOutcome::Written(revision)
}
