//! Random calls to two stores, drawn from what was stored and done so far.

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use puntual::store::{
    Change, ClaimRequest, Erase, Extension, HistoryQuery, LeaseChange, NoteStore, NoteWrite, Quota,
    StoreErrorKind, StoreResult, TaskFilter, TaskOrder, TaskQuery, TaskStore, Times,
};
use puntual::task::{
    Channel, ClaimId, DedupKey, Entropy, EntryId, HistoryEntry, Kind, NewTask, PersonKey, Priority,
    Reason, Revision, SafeText, Subject, Task, TaskBody, TaskData, TaskId, TaskState, What,
};

use super::at;

/// Text that a careless layer would harm.
const TEXTS: &[&str] =
    &["", "plain", "🦀 \"quoted\" \\ back", "مرحبا\u{200d}", "a'b;--", "tab\tline\n"];

/// What was stored and done so far, from which the next call is drawn.
pub(super) struct World {
    rng: Rng,
    entropy: Entropy,
    now: DateTime<Utc>,
    tasks: Vec<Task>,
    claims: Vec<ClaimId>,
    changes: Vec<Change>,
    inserted: Vec<NewTask>,
    entries: Vec<(DateTime<Utc>, Revision, EntryId)>,
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        World {
            rng: Rng::with_seed(seed),
            entropy: Entropy::seeded(seed),
            now: at(0),
            tasks: Vec::new(),
            claims: Vec::new(),
            changes: Vec::new(),
            inserted: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Lets a random while pass.
    pub(super) fn pass(&mut self) {
        self.now += TimeDelta::microseconds(self.rng.i64(0..3_000_000));
    }

    /// One random call to both stores; their answers as text, in which a difference is readable.
    pub(super) async fn call(&mut self, a: &dyn TaskStore, b: &dyn TaskStore) -> (String, String) {
        let now = self.now;
        match self.rng.u8(0..14) {
            0..=2 => {
                let batch: Vec<NewTask> = self.some(|world| world.new_task());
                let answers = (a.insert(now, &batch).await, b.insert(now, &batch).await);
                self.inserted.extend(batch);
                self.remember(a).await;
                show(answers)
            }
            3..=5 => {
                let request = self.claim_request();
                let repeated = request.clone().repeated();
                let request = if self.rng.u8(0..6) == 0 { repeated } else { request };
                let (a_claimed, b_claimed) =
                    (a.claim(now, &request).await.unwrap(), b.claim(now, &request).await.unwrap());
                self.remember(a).await;
                let parts = |claimed: puntual::store::Claimed| {
                    (claimed.tasks, claimed.next_wake_at, claimed.probe.seal, claimed.probe.schema)
                };
                show((parts(a_claimed), parts(b_claimed)))
            }
            6..=7 => {
                let batch = self.some(|world| world.extension());
                let answers = (a.extend(now, &batch).await, b.extend(now, &batch).await);
                self.remember(a).await;
                show(answers)
            }
            8..=10 => {
                let batch = self.some(|world| world.change());
                let answers = (a.apply(now, &batch).await, b.apply(now, &batch).await);
                self.changes.extend(batch);
                self.remember(a).await;
                show(answers)
            }
            11 => {
                let query = self.query();
                show((a.list(&query).await, b.list(&query).await))
            }
            12 => {
                let query = self.history_query();
                show((a.history(&query).await, b.history(&query).await))
            }
            _ if self.rng.bool() => {
                let (what, limit) = (self.erase(), self.rng.u32(0..4));
                let answers = (a.erase(now, &what, limit).await, b.erase(now, &what, limit).await);
                self.remember(a).await;
                show(answers)
            }
            _ => self.note(a.notes().unwrap(), b.notes().unwrap()).await,
        }
    }

    /// Everything that a store holds.
    pub(super) async fn all(&self, store: &dyn TaskStore) -> String {
        let everything = TaskQuery::new(TaskFilter::default(), 10_000);
        let since = HistoryQuery::since(DateTime::UNIX_EPOCH, 10_000);
        let notes = store.notes().unwrap().list_notes("", 100).await.unwrap();
        let tasks = store.list(&everything).await.unwrap();
        let history = store.history(&since).await.unwrap();
        format!("{tasks:#?}\n{history:#?}\n{notes:#?}\n{:#?}", store.stats(self.now).await.unwrap())
            + &tasks.iter().map(|task| task.body.as_str().to_owned()).collect::<String>()
            + &tasks.iter().map(|task| task.data.as_str().to_owned()).collect::<String>()
    }

    async fn remember(&mut self, store: &dyn TaskStore) {
        self.tasks = store.list(&TaskQuery::new(TaskFilter::default(), 10_000)).await.unwrap();
        let since = HistoryQuery::since(DateTime::UNIX_EPOCH, 10_000);
        let history = store.history(&since).await.unwrap();
        self.entries = history.iter().map(|stored| stored.place()).collect();
    }

    fn some<T>(&mut self, mut make: impl FnMut(&mut World) -> T) -> Vec<T> {
        let count = self.rng.usize(0..5);
        (0..count).map(|_| make(self)).collect()
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.rng.usize(0..of.len())].clone())
    }

    fn text(&mut self) -> &'static str {
        TEXTS[self.rng.usize(0..TEXTS.len())]
    }

    fn safe_text(&mut self) -> Option<SafeText> {
        self.rng.bool().then(|| SafeText::new(self.text()))
    }

    fn moment(&mut self) -> DateTime<Utc> {
        self.now + TimeDelta::microseconds(self.rng.i64(-8_000_000..8_000_000))
    }

    fn kind(&mut self) -> Kind {
        Kind::new(["confirmation", "reminder_24h"][self.rng.usize(0..2)]).unwrap()
    }

    fn subject(&mut self) -> Subject {
        Subject::new("booking", ["1", "2", "ü 'x'"][self.rng.usize(0..3)])
    }

    fn person(&mut self) -> PersonKey {
        PersonKey::new(["user 5", "jane@example.com"][self.rng.usize(0..2)]).unwrap()
    }

    fn channel(&mut self) -> Channel {
        [Channel::EMAIL, Channel::SMS][self.rng.usize(0..2)].clone()
    }

    fn priority(&mut self) -> Priority {
        Priority::ALL[self.rng.usize(0..2)]
    }

    fn body(&mut self) -> TaskBody {
        TaskBody::from_stored(format!("head {}\n{}", self.rng.u8(..), self.text()))
    }

    fn new_task(&mut self) -> NewTask {
        let known = self.inserted.clone();
        if self.rng.u8(0..8) == 0 && !known.is_empty() {
            return self.one(&known).unwrap();
        }
        let id = match self.one(&known) {
            Some(known) if self.rng.u8(0..12) == 0 => known.id,
            _ => TaskId::new(self.now, &self.entropy),
        };
        let entry = self.entry(id);
        let (kind, subject, person, channel) =
            (self.kind(), self.subject(), self.person(), self.channel());
        let due_at = self.moment();
        let expires_at = self.moment();
        let mut new = NewTask::new(id, kind, subject, person, channel, due_at, expires_at, entry);
        new.priority = self.priority();
        new.event_at = self.rng.bool().then(|| self.moment());
        new.wake_at = Some(self.moment());
        new.recipient = SafeText::new(self.text());
        new.data = TaskData::from_stored(format!("{{\"a\":{:?}}}", self.text()));
        new.body = self.body();
        match self.rng.u8(0..20) {
            0..=2 => (new.state, new.wake_at) = (TaskState::Skipped, None),
            3 => new.wake_at = None, // refused
            _ => {}
        }
        new
    }

    fn entry(&mut self, task: TaskId) -> HistoryEntry {
        let id = EntryId::new(self.now, &self.entropy);
        let what = What::ALL[self.rng.usize(0..What::ALL.len())];
        let state = TaskState::ALL[self.rng.usize(0..TaskState::ALL.len())];
        let at = self.moment();
        let mut entry = HistoryEntry::new(id, task, at, what, state);
        entry.generation = self.rng.u32(1..4);
        entry.attempt = self.rng.u32(0..4);
        entry.reason = self.rng.bool().then_some(Reason::Newer("of tomorrow".to_owned()));
        entry.code = self.safe_text();
        entry.detail = self.safe_text();
        entry.provider_id = self.safe_text();
        entry.lateness = self.rng.bool().then(|| TimeDelta::microseconds(self.rng.i64(-9..9_000)));
        entry.until = self.rng.bool().then(|| self.moment());
        entry
    }

    fn claim_request(&mut self) -> ClaimRequest {
        let mut quotas = Vec::new();
        for _ in 0..self.rng.usize(0..6) {
            let (channel, priority) = (self.channel(), self.priority());
            quotas.push(Quota::new(channel, priority, self.rng.u32(0..4)));
        }
        let known = self.claims.clone();
        let claim = match self.one(&known) {
            Some(claim) if self.rng.u8(0..3) == 0 => claim,
            _ => ClaimId::new(self.now, &self.entropy),
        };
        self.claims.push(claim);
        ClaimRequest::new(claim, self.moment(), quotas)
    }

    fn extension(&mut self) -> Extension {
        let (tasks, claims) = (self.tasks.clone(), self.claims.clone());
        let task = self.one(&tasks);
        let unknown = TaskId::new(self.now, &self.entropy);
        let held = task.as_ref().and_then(|task| task.lease).map(|lease| lease.claim);
        let claim = match held {
            Some(claim) if self.rng.u8(0..4) > 0 => claim,
            _ => self.one(&claims).unwrap_or_else(|| ClaimId::new(self.now, &self.entropy)),
        };
        let id = task.filter(|_| self.rng.u8(0..8) > 0).map_or(unknown, |task| task.id);
        let extension = Extension::new(id, claim, self.moment());
        if self.rng.bool() { extension.with_hand_off() } else { extension }
    }

    fn change(&mut self) -> Change {
        let (tasks, changes) = (self.tasks.clone(), self.changes.clone());
        if self.rng.u8(0..6) == 0 && !changes.is_empty() {
            return self.one(&changes).unwrap();
        }
        let Some(task) = self.one(&tasks) else {
            let new = self.new_task();
            let entry = self.entry(new.id);
            return Change::of(&Task::from_new(self.now, &new), entry);
        };
        let entry = self.entry(task.id);
        let mut change = Change::of(&task, entry);
        change.state = TaskState::ALL[self.rng.usize(0..TaskState::ALL.len())];
        change.wake_at = (!change.state.is_finished()).then(|| self.moment());
        change.priority = self.priority();
        change.attempts = self.rng.u32(0..9);
        change.last_error = self.safe_text();
        if self.rng.bool() {
            change.lease = LeaseChange::Clear;
        }
        if self.rng.bool() {
            let event_at = self.rng.bool().then(|| self.moment());
            change.times = Some(Times::new(event_at, self.moment(), self.moment()));
        }
        change.recipient = self.safe_text();
        change.data =
            self.rng.bool().then(|| TaskData::from_stored(format!("[{:?}]", self.text())));
        change.body = self.rng.bool().then(|| self.body());
        if self.rng.u8(0..4) == 0 {
            change.inserts = self.some(|world| world.new_task());
        }
        match self.rng.u8(0..10) {
            0 => change.expected = Revision(change.expected.0 + 1),
            1 => change.wake_at = None, // refused where the state is pending
            2 => change.task = TaskId::new(self.now, &self.entropy), // refused: another's entry
            3 => {
                let earlier: Vec<_> =
                    changes.into_iter().filter(|one| one.task == change.task).collect();
                change.entry.id = self.one(&earlier).map_or(change.entry.id, |one| one.entry.id);
            }
            4 => change.expected = change.expected.next(),
            _ => {}
        }
        change
    }

    fn query(&mut self) -> TaskQuery {
        let tasks = self.tasks.clone();
        let mut filter = TaskFilter::default();
        if self.rng.u8(0..4) == 0 {
            let ids = self.some(|world| world.one(&tasks).map(|task| task.id));
            filter.ids = Some(ids.into_iter().flatten().collect());
        }
        if self.rng.u8(0..4) == 0 {
            let keys = self.some(|world| {
                DedupKey::of(&world.kind(), &world.subject(), &world.channel(), &world.person())
            });
            filter.keys = Some(keys);
        }
        filter.subject = (self.rng.u8(0..4) == 0).then(|| self.subject());
        filter.person = (self.rng.u8(0..4) == 0).then(|| self.person());
        filter.kind = (self.rng.u8(0..4) == 0).then(|| self.kind());
        filter.channel = (self.rng.u8(0..4) == 0).then(|| self.channel());
        filter.pending = (self.rng.u8(0..4) == 0).then(|| self.rng.bool());
        filter.due_from = (self.rng.u8(0..4) == 0).then(|| self.moment());
        filter.due_before = (self.rng.u8(0..4) == 0).then(|| self.moment());
        if self.rng.u8(0..4) == 0 {
            let states =
                [TaskState::Scheduled, TaskState::Sending, TaskState::Skipped, TaskState::Unknown];
            filter.states = Some(self.some(|world| world.one(&states).unwrap()));
        }
        let query = TaskQuery::new(filter, self.rng.u32(0..6));
        let query = match self.rng.bool() {
            true => query.in_order(TaskOrder::DueAt),
            false => query,
        };
        match self.one(&tasks) {
            Some(task) if self.rng.bool() => query.after(&task),
            _ => query,
        }
    }

    fn history_query(&mut self) -> HistoryQuery {
        let (tasks, entries) = (self.tasks.clone(), self.entries.clone());
        let limit = self.rng.u32(0..6);
        let mut query = match self.one(&tasks) {
            Some(task) if self.rng.bool() => HistoryQuery::of(task.id, limit),
            _ => HistoryQuery::since(self.moment(), limit),
        };
        if self.rng.bool() {
            query.after = self.one(&entries);
        }
        query
    }

    fn erase(&mut self) -> Erase {
        match self.rng.u8(0..3) {
            0 => Erase::FinishedBefore(self.moment()),
            1 => Erase::BodiesBefore(self.moment()),
            _ => Erase::Person(self.person()),
        }
    }

    async fn note(&mut self, a: &dyn NoteStore, b: &dyn NoteStore) -> (String, String) {
        let names = ["seal", "breaker/email", "breaker/\u{10ffff}"].map(String::from);
        let name = names[self.rng.usize(0..3)].clone();
        let seen = a.read_notes(std::slice::from_ref(&name)).await.unwrap().remove(0);
        let seen = seen.filter(|_| self.rng.u8(0..4) > 0);
        let text = (self.rng.u8(0..3) > 0).then(|| self.text().to_owned());
        let write = NoteWrite::new(name, seen.as_ref(), text);
        let written = (a.write_note(self.now, &write).await, b.write_note(self.now, &write).await);
        assert_eq!(
            a.read_notes(&names).await.unwrap(),
            b.read_notes(&names).await.unwrap(),
            "notes by name"
        );
        assert_eq!(
            a.list_notes("breaker/", 9).await.unwrap(),
            b.list_notes("breaker/", 9).await.unwrap(),
            "notes by prefix"
        );
        show(written)
    }
}

/// An answer in a form that can be compared: of an error only its kind.
trait Comparable {
    fn comparable(self) -> String;
}

impl<T: std::fmt::Debug> Comparable for StoreResult<T> {
    fn comparable(self) -> String {
        let answer: Result<T, StoreErrorKind> = self.map_err(|error| error.kind());
        format!("{answer:#?}")
    }
}

impl<A, B, C, D> Comparable for (A, B, C, D)
where
    (A, B, C, D): std::fmt::Debug,
{
    fn comparable(self) -> String {
        format!("{self:#?}")
    }
}

fn show<T: Comparable>((a, b): (T, T)) -> (String, String) {
    (a.comparable(), b.comparable())
}
