//! The answer to the question: has it been sent, and if not, why not?

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::blockers::{Blocker, Obstacle};
use super::face::{Face, lateness, length};
use super::sentence::{particulars, why};
use super::wire;
use crate::store::StoredEntry;
use crate::task::{HistoryEntry, Reason, Task, TaskState, What};

/// Whether it has been sent, and if not, why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verdict {
    /// The answer in a word.
    pub standing: Standing,
    /// Why, where there is a reason.
    #[serde(serialize_with = "wire::reason")]
    pub reason: Option<Reason>,
    /// The answer in a full sentence.
    pub sentence: String,
}

/// Whether it has been sent, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Standing {
    /// Its provider accepted it, or a person said so.
    Sent,
    /// A worker is at it.
    UnderWay,
    /// Pending; only time stands in its way.
    Waiting,
    /// Pending, due, and something stands in its way.
    Blocked,
    /// Pending; a person must decide.
    Held,
    /// Finished without being sent.
    NotSent,
    /// Finished; nobody can know whether it arrived.
    PerhapsSent,
}

/// The answer for a task, given its history and what stands in its way.
pub(super) fn verdict(
    now: DateTime<Utc>,
    task: &Task,
    history: &[StoredEntry],
    blockers: &[Blocker],
    face: Face<'_>,
) -> Verdict {
    let case = Case { now, task, history, blockers, face };
    match task.state {
        TaskState::Sent => case.sent(),
        TaskState::Skipped | TaskState::Cancelled | TaskState::Expired | TaskState::Failed => {
            case.not_sent()
        }
        TaskState::Held => case.held(),
        TaskState::Scheduled | TaskState::Sending | TaskState::Unknown => case.pending(),
    }
}

struct Case<'a> {
    now: DateTime<Utc>,
    task: &'a Task,
    history: &'a [StoredEntry],
    blockers: &'a [Blocker],
    face: Face<'a>,
}

impl Case<'_> {
    fn answer(&self, standing: Standing, entry: Option<&HistoryEntry>, text: String) -> Verdict {
        Verdict { standing, reason: entry.and_then(|entry| entry.reason.clone()), sentence: text }
    }

    /// The entry that brought the task where it stands; `None` where the history was erased.
    fn decisive(&self) -> Option<&HistoryEntry> {
        let entries = self.history.iter().rev().map(|stored| &stored.entry);
        entries.into_iter().find(|entry| {
            entry.state == self.task.state && !matches!(entry.what, What::Updated | What::Moved)
        })
    }

    fn finished_at(&self, entry: Option<&HistoryEntry>) -> String {
        let at = entry.map(|entry| entry.at).or(self.task.finished_at);
        self.face.at(at.unwrap_or(self.task.updated_at))
    }

    fn sent(&self) -> Verdict {
        let entry = self.decisive();
        let when = self.finished_at(entry);
        let text = match entry {
            None => format!("Sent {when}; its history was erased, so no more is known."),
            Some(entry) if entry.what == What::Sent => {
                let late = entry.lateness.map(|late| format!(", {}", lateness(late)));
                let words = particulars(entry).map(|words| format!(" ({words})"));
                format!(
                    "Sent {when}{}, by attempt {}{}.",
                    late.unwrap_or_default(),
                    entry.attempt.max(1),
                    words.unwrap_or_default()
                )
            }
            Some(entry) => format!("Counts as sent since {when}{}.", why(entry)),
        };
        self.answer(Standing::Sent, entry, text)
    }

    fn not_sent(&self) -> Verdict {
        let (entry, state) = (self.decisive(), self.task.state);
        let when = self.finished_at(entry);
        let uncertain = self.may_have_arrived();
        let (standing, begin) = match uncertain {
            true => (Standing::PerhapsSent, "Perhaps sent"),
            false => (Standing::NotSent, "Not sent"),
        };
        let Some(entry) = entry else {
            let text = format!("{begin}, {state} {when}; its history was erased, so why is lost.");
            return self.answer(standing, None, text);
        };
        let late = entry.lateness.filter(|_| state == TaskState::Expired);
        let late = late.map(|late| format!(", {} past its due time", length(late)));
        let tries = match entry.attempt {
            0 => String::new(),
            1 => ", after 1 attempt".to_owned(),
            many => format!(", after {many} attempts"),
        };
        let text =
            format!("{begin}, {state} {when}{}{tries}{}.", late.unwrap_or_default(), why(entry));
        self.answer(standing, Some(entry), text)
    }

    /// Whether an attempt of the present generation ended without an answer.
    fn may_have_arrived(&self) -> bool {
        let generation = self.task.body.head().map_or(1, |head| head.generation);
        self.history.iter().any(|stored| {
            stored.entry.what == What::Uncertain && stored.entry.generation == generation
        })
    }

    fn held(&self) -> Verdict {
        let entry = self.history.iter().rev().map(|stored| &stored.entry).find(|entry| {
            entry.state == TaskState::Held && entry.reason.is_some() && entry.what != What::Moved
        });
        let text = format!(
            "Held for a person to decide{}; left alone, it expires at {}.",
            entry.map(why).unwrap_or_default(),
            self.face.relative(self.now, self.task.expires_at)
        );
        self.answer(Standing::Held, entry, text)
    }

    fn pending(&self) -> Verdict {
        let first = self.blockers.iter().find(|blocker| blocker.what != Obstacle::Trouble);
        let trouble = self.blockers.first();
        match first {
            Some(blocker) if blocker.what == Obstacle::Claimed => {
                let text = format!("Under way: {}", lower(&blocker.sentence));
                self.answer(Standing::UnderWay, None, text)
            }
            _ => match self.waits_until() {
                Some(wake_at) => self.waiting(wake_at),
                None => self.due(first.or(trouble)),
            },
        }
    }

    fn waits_until(&self) -> Option<DateTime<Utc>> {
        let wake_at = self.task.wake_at.filter(|wake_at| *wake_at > self.now);
        wake_at.filter(|_| self.task.state == TaskState::Scheduled)
    }

    fn waiting(&self, wake_at: DateTime<Utc>) -> Verdict {
        let when = self.face.relative(self.now, wake_at);
        if self.task.due_at > self.now {
            let text = format!("Not sent yet: it is due at {when}.");
            return self.answer(Standing::Waiting, None, text);
        }
        let last = self.history.iter().rev().map(|stored| &stored.entry).find(|entry| {
            let puts_off = [What::Retried, What::Deferred, What::Uncertain, What::Released];
            puts_off.contains(&entry.what)
        });
        let next = match self.task.attempts {
            0 => "it is tried again at".to_owned(),
            spent => format!("attempt {} follows at", spent + 1),
        };
        let text = format!("Not sent yet{}; {next} {when}.", last.map(why).unwrap_or_default());
        self.answer(Standing::Waiting, last, text)
    }

    fn due(&self, blocker: Option<&Blocker>) -> Verdict {
        let begin = match self.task.state {
            TaskState::Sending => "Not known yet, its worker having given no answer",
            _ => "Not sent yet",
        };
        let Some(blocker) = blocker else {
            let text = format!("{begin}: it is due, and taken up with the next round.");
            return self.answer(Standing::Waiting, None, text);
        };
        let past = length(self.now.signed_duration_since(self.task.due_at));
        let text = format!("{begin}, {past} past its due time: {}", lower(&blocker.sentence));
        Verdict { reason: blocker.what.reason(), ..self.answer(Standing::Blocked, None, text) }
    }
}

/// The sentence as it continues another one.
fn lower(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}
