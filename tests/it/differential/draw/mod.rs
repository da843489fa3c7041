//! Random calls, drawn from what was stored and done so far.

mod values;

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use puntual::store::{
    Change, ClaimRequest, Erase, Extension, HistoryQuery, LeaseChange, MemoryStore, Note,
    NoteStore, NoteWrite, Quota, TaskFilter, TaskOrder, TaskQuery, TaskStore, Times, WriteOutcome,
};
use puntual::task::{
    ClaimId, DedupKey, Entropy, EntryId, NewTask, Revision, Task, TaskData, TaskId, TaskState,
};

use crate::differential::at;
use crate::differential::call::{Answer, Call, NOTES, Step, Write};

/// What was stored and done so far, from which the next call is drawn.
pub(super) struct Draw {
    rng: Rng,
    entropy: Entropy,
    now: DateTime<Utc>,
    tasks: Vec<Task>,
    notes: Vec<Note>,
    claims: Vec<ClaimId>,
    changes: Vec<Change>,
    inserted: Vec<NewTask>,
    entries: Vec<(DateTime<Utc>, Revision, EntryId)>,
}

impl Draw {
    pub(super) fn new(seed: u64) -> Draw {
        Draw {
            rng: Rng::with_seed(seed),
            entropy: Entropy::seeded(seed),
            now: at(0),
            tasks: Vec::new(),
            notes: Vec::new(),
            claims: Vec::new(),
            changes: Vec::new(),
            inserted: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// How many calls a short sequence has.
    pub(super) fn length(&mut self) -> usize {
        self.rng.usize(4..14)
    }

    /// The next call, a random while after the one before. The first stores something, the last
    /// looks at everything.
    pub(super) fn step(&mut self, number: usize, is_last: bool) -> Step {
        self.now += TimeDelta::microseconds(self.rng.i64(0..3_000_000));
        let call = match number {
            _ if is_last => Call::Everything,
            0 => Call::Insert((0..self.rng.usize(3..7)).map(|_| self.sound_task()).collect()),
            _ => self.call(),
        };
        Step { now: self.now, call }
    }

    /// Takes what a call changed into account: what the reference has stored now.
    pub(super) async fn learn(&mut self, step: &Step, answer: &Answer, reference: &MemoryStore) {
        match (&step.call, answer) {
            (Call::Insert(batch), _) => self.learn_inserts(batch),
            (Call::Apply(batch), Answer::Applied(outcomes)) => self.learn_changes(batch, outcomes),
            (Call::Within(writes, _), Answer::Within(answers)) => {
                for pair in writes.iter().zip(answers) {
                    match pair {
                        (Write::Insert(batch), _) => self.learn_inserts(batch),
                        (Write::Apply(batch), Answer::Applied(outcomes)) => {
                            self.learn_changes(batch, outcomes);
                        }
                        _ => {}
                    }
                }
            }
            (Call::WriteNote(_), _) => {
                self.notes = reference.list_notes("", 100).await.unwrap();
                return;
            }
            (Call::List(_) | Call::History(_) | Call::Notes | Call::Everything, _) => return,
            _ => {}
        }
        let everything = TaskQuery::new(TaskFilter::default(), 10_000);
        self.tasks = reference.list(&everything).await.unwrap();
    }

    fn learn_inserts(&mut self, batch: &[NewTask]) {
        let place = |new: &NewTask| (new.entry.at, Revision::FIRST, new.entry.id);
        self.entries.extend(batch.iter().map(place));
        self.inserted.extend_from_slice(batch);
    }

    fn learn_changes(&mut self, batch: &[Change], outcomes: &[WriteOutcome]) {
        for (change, outcome) in batch.iter().zip(outcomes) {
            if let WriteOutcome::Written(revision) = outcome {
                self.entries.push((change.entry.at, *revision, change.entry.id));
            }
        }
        self.changes.extend_from_slice(batch);
    }

    fn call(&mut self) -> Call {
        match self.rng.u8(0..16) {
            0..=1 => Call::Insert(self.some(|draw| draw.new_task())),
            2..=4 => Call::Claim(self.claim_request()),
            5..=6 => Call::Extend(self.some(|draw| draw.extension())),
            7..=9 => Call::Apply(self.some(|draw| draw.change())),
            10 => Call::List(self.query()),
            11 => Call::History(self.history_query()),
            12 => Call::Erase(self.erase(), self.rng.u32(0..4)),
            13 => Call::WriteNote(self.note()),
            14 if self.rng.bool() => Call::Notes,
            _ => {
                let writes = (0..self.rng.usize(1..4)).map(|_| self.write()).collect();
                Call::Within(writes, self.rng.u8(0..3) > 0)
            }
        }
    }

    fn write(&mut self) -> Write {
        match self.rng.u8(0..5) {
            0..=1 => Write::Insert(self.some(|draw| draw.new_task())),
            2..=3 => Write::Apply(self.some(|draw| draw.change())),
            _ => Write::List(Box::new(self.query())),
        }
    }

    fn some<T>(&mut self, mut make: impl FnMut(&mut Draw) -> T) -> Vec<T> {
        let count = self.rng.usize(0..5);
        (0..count).map(|_| make(self)).collect()
    }

    fn claim_request(&mut self) -> ClaimRequest {
        let mut quotas = Vec::new();
        for _ in 0..self.rng.usize(0..6) {
            let (channel, priority) = (self.channel(), self.priority());
            quotas.push(Quota::new(channel, priority, self.rng.u32(0..4)));
        }
        let claim = match one(&mut self.rng, &self.claims) {
            Some(claim) if self.rng.u8(0..4) == 0 => *claim,
            _ => ClaimId::new(self.now, &self.entropy),
        };
        self.claims.push(claim);
        let request = ClaimRequest::new(claim, self.lease_end(), quotas);
        match self.leased() {
            Some((_, claim)) if self.rng.u8(0..6) == 0 => {
                ClaimRequest::new(claim, request.lease_until, request.quotas).repeated()
            }
            _ if self.rng.u8(0..12) == 0 => request.repeated(),
            _ => request,
        }
    }

    /// The end of a lease, most often one in the future.
    fn lease_end(&mut self) -> DateTime<Utc> {
        match self.rng.u8(0..4) {
            0 => self.moment(),
            _ => self.now + TimeDelta::microseconds(self.rng.i64(0..8_000_000)),
        }
    }

    /// A row with a lease, whether it is over or not, and the claim that holds it.
    fn leased(&mut self) -> Option<(TaskId, ClaimId)> {
        let leased = |task: &Task| Some((task.id, task.lease?.claim));
        let leased: Vec<_> = self.tasks.iter().filter_map(leased).collect();
        one(&mut self.rng, &leased).copied()
    }

    /// As the holder of a lease, as somebody else, or about any row.
    fn extension(&mut self) -> Extension {
        let (leased, other) = (self.leased(), one(&mut self.rng, &self.claims).copied());
        let other = other.unwrap_or_else(|| ClaimId::new(self.now, &self.entropy));
        let (task, claim) = match (leased, self.rng.u8(0..8)) {
            (Some(leased), 0..=3) => leased,
            (Some((task, _)), 4..=5) => (task, other),
            (_, 7) => (TaskId::new(self.now, &self.entropy), other),
            _ => {
                let any = one(&mut self.rng, &self.tasks).map(|task| task.id);
                (any.unwrap_or_else(|| TaskId::new(self.now, &self.entropy)), other)
            }
        };
        let extension = Extension::new(task, claim, self.lease_end());
        if self.rng.bool() { extension.with_hand_off() } else { extension }
    }

    fn change(&mut self) -> Change {
        match one(&mut self.rng, &self.changes) {
            Some(known) if self.rng.u8(0..6) == 0 => return known.clone(),
            _ => {}
        }
        let Some(task) = one(&mut self.rng, &self.tasks).cloned() else {
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
            change.inserts = self.some(|draw| draw.new_task());
        }
        match self.rng.u8(0..10) {
            0 => change.expected = Revision(change.expected.0 + 1),
            1 => change.wake_at = None, // refused where the state is pending
            2 => change.task = TaskId::new(self.now, &self.entropy), // refused: another's entry
            3 => {
                let same = |earlier: &&Change| earlier.task == change.task;
                let earlier: Vec<_> = self.changes.iter().filter(same).collect();
                let entry = one(&mut self.rng, &earlier).map(|earlier| earlier.entry.id);
                change.entry.id = entry.unwrap_or(change.entry.id);
            }
            4 => change.expected = change.expected.next(),
            _ => {}
        }
        change
    }

    fn query(&mut self) -> TaskQuery {
        let mut filter = TaskFilter::default();
        if self.rng.u8(0..4) == 0 {
            let ids = self.some(|draw| one(&mut draw.rng, &draw.tasks).map(|task| task.id));
            filter.ids = Some(ids.into_iter().flatten().collect());
        }
        if self.rng.u8(0..4) == 0 {
            let keys = self.some(|draw| {
                DedupKey::of(&draw.kind(), &draw.subject(), &draw.channel(), &draw.person())
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
            filter.states = Some(self.some(|draw| states[draw.rng.usize(0..states.len())]));
        }
        let query = TaskQuery::new(filter, self.rng.u32(0..6));
        let query = match self.rng.bool() {
            true => query.in_order(TaskOrder::DueAt),
            false => query,
        };
        match one(&mut self.rng, &self.tasks) {
            Some(task) if self.rng.bool() => query.after(task),
            _ => query,
        }
    }

    fn history_query(&mut self) -> HistoryQuery {
        let limit = self.rng.u32(0..6);
        let mut query = match one(&mut self.rng, &self.tasks) {
            Some(task) if self.rng.bool() => HistoryQuery::of(task.id, limit),
            _ => HistoryQuery::since(self.moment(), limit),
        };
        if self.rng.bool() {
            query.after = one(&mut self.rng, &self.entries).copied();
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

    fn note(&mut self) -> NoteWrite {
        let name = NOTES[self.rng.usize(0..NOTES.len())];
        let seen = self.notes.iter().find(|note| note.name == name).cloned();
        let seen = seen.filter(|_| self.rng.u8(0..4) > 0);
        let text = (self.rng.u8(0..3) > 0).then(|| self.text().to_owned());
        NoteWrite::new(name, seen.as_ref(), text)
    }
}

fn one<'a, T>(rng: &mut Rng, of: &'a [T]) -> Option<&'a T> {
    (!of.is_empty()).then(|| &of[rng.usize(0..of.len())])
}
