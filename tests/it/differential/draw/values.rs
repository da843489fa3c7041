//! Random values: few names, so that they meet, and texts that a careless layer would harm.

use chrono::{DateTime, TimeDelta, Utc};
use puntual::task::{
    Channel, EntryId, HistoryEntry, Kind, NewTask, PersonKey, Priority, Reason, SafeText, Subject,
    TaskBody, TaskData, TaskId, TaskState, What,
};

use super::{Draw, one};

/// Text that a careless layer would harm.
const TEXTS: &[&str] =
    &["", "plain", "🦀 \"quoted\" \\ back", "مرحبا\u{200d}", "a'b;--", "tab\tline\n"];

impl Draw {
    pub(super) fn text(&mut self) -> &'static str {
        TEXTS[self.rng.usize(0..TEXTS.len())]
    }

    pub(super) fn safe_text(&mut self) -> Option<SafeText> {
        self.rng.bool().then(|| SafeText::new(self.text()))
    }

    pub(super) fn moment(&mut self) -> DateTime<Utc> {
        self.now + TimeDelta::microseconds(self.rng.i64(-8_000_000..8_000_000))
    }

    pub(super) fn kind(&mut self) -> Kind {
        Kind::new(["confirmation", "reminder_24h"][self.rng.usize(0..2)]).unwrap()
    }

    pub(super) fn subject(&mut self) -> Subject {
        Subject::new("booking", ["1", "2", "ü 'x'"][self.rng.usize(0..3)])
    }

    pub(super) fn person(&mut self) -> PersonKey {
        PersonKey::new(["user 5", "jane@example.com"][self.rng.usize(0..2)]).unwrap()
    }

    pub(super) fn channel(&mut self) -> Channel {
        [Channel::EMAIL, Channel::SMS][self.rng.usize(0..2)].clone()
    }

    pub(super) fn priority(&mut self) -> Priority {
        Priority::ALL[self.rng.usize(0..2)]
    }

    pub(super) fn body(&mut self) -> TaskBody {
        TaskBody::from_stored(format!("head {}\n{}", self.rng.u8(..), self.text()))
    }

    pub(super) fn new_task(&mut self) -> NewTask {
        let known = one(&mut self.rng, &self.inserted);
        let id = match (known, self.rng.u8(0..24)) {
            (Some(known), 0..=2) => return known.clone(),
            (Some(known), 3..=4) => known.id,
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

    /// One that no store refuses.
    pub(super) fn sound_task(&mut self) -> NewTask {
        let mut new = self.new_task();
        if !new.state.is_finished() {
            new.wake_at = new.wake_at.or(Some(new.due_at));
        }
        new
    }

    pub(super) fn entry(&mut self, task: TaskId) -> HistoryEntry {
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
}
