//! What was answered so far: a comparison of stores that are never asked anything says nothing.

use std::collections::BTreeMap;
use std::fmt;

use puntual::store::{InsertOutcome, WriteOutcome};
use puntual::task::{Task, TaskState};

use super::call::{Answer, Call};

/// How often each kind of answer was given.
#[derive(Debug, Default)]
pub(super) struct Reached(BTreeMap<String, u64>);

/// What a run of ordinary length must have reached.
const EXPECTED: &[&str] = &[
    "apply changed",
    "apply missing",
    "apply refused",
    "apply stale",
    "apply with inserts",
    "claim of a row abandoned in mid-send",
    "claim of a row abandoned again and again",
    "claim of rows",
    "claim repeated, of rows",
    "erase of rows",
    "everything",
    "extend changed",
    "extend missing",
    "extend stale",
    "history of entries",
    "insert failed as a whole",
    "insert of a new key",
    "insert of a taken key",
    "list of rows",
    "note changed",
    "note missing",
    "note stale",
    "notes read",
    "transaction committed",
    "transaction failed",
    "transaction rolled back",
    "transaction: apply changed",
    "transaction: apply stale",
    "transaction: insert of a new key",
    "transaction: insert of a taken key",
    "transaction: list of rows",
];

impl Reached {
    /// Takes an answer of the reference into account.
    pub(super) fn note(&mut self, call: &Call, answer: &Answer) {
        let mut kinds = Vec::new();
        match (call, answer) {
            (Call::Claim(request), Answer::Claimed(tasks, ..)) if !tasks.is_empty() => {
                kinds.push(if request.repeated {
                    "claim repeated, of rows"
                } else {
                    "claim of rows"
                });
                kinds.extend(claimed(tasks));
            }
            (Call::Apply(changes), Answer::Applied(outcomes)) => {
                let inserts = changes.iter().zip(outcomes).any(|(change, outcome)| {
                    matches!(outcome, WriteOutcome::Written(_)) && !change.inserts.is_empty()
                });
                kinds.extend(inserts.then_some("apply with inserts"));
            }
            (Call::Within(_, commits), Answer::Within(answers)) => {
                let failed = matches!(answers.last(), Some(Answer::Failed(_)));
                kinds.push(match (failed, commits) {
                    (true, _) => "transaction failed",
                    (false, true) => "transaction committed",
                    (false, false) => "transaction rolled back",
                });
                for answer in answers {
                    self.count_all("transaction: ", answer);
                }
            }
            _ => {}
        }
        kinds.into_iter().for_each(|kind| self.count(kind.to_owned()));
        self.count_all("", answer);
    }

    fn count_all(&mut self, place: &str, answer: &Answer) {
        for kind in kinds(answer) {
            self.count(format!("{place}{kind}"));
        }
    }

    fn count(&mut self, kind: String) {
        *self.0.entry(kind).or_default() += 1;
    }

    pub(super) fn extend(&mut self, other: Reached) {
        for (kind, count) in other.0 {
            *self.0.entry(kind).or_default() += count;
        }
    }

    pub(super) fn check(&self) {
        for kind in EXPECTED {
            assert!(self.0.contains_key(*kind), "never reached: {kind}\n{self}");
        }
    }
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(kind, count)| writeln!(f, "{count:>9}  {kind}"))
    }
}

fn claimed(tasks: &[Task]) -> impl Iterator<Item = &'static str> {
    let kind = |task: &Task| match (task.unfinished_claims, task.state) {
        (3.., _) => Some("claim of a row abandoned again and again"),
        (_, TaskState::Sending) => Some("claim of a row abandoned in mid-send"),
        _ => None,
    };
    tasks.iter().filter_map(kind)
}

fn kinds(answer: &Answer) -> Vec<&'static str> {
    match answer {
        Answer::Inserted(outcomes) => outcomes.iter().map(inserted).collect(),
        Answer::Extended(outcomes) => outcomes
            .iter()
            .map(|outcome| match outcome {
                WriteOutcome::Written(_) => "extend changed",
                WriteOutcome::Missing => "extend missing",
                _ => "extend stale",
            })
            .collect(),
        Answer::Applied(outcomes) => outcomes
            .iter()
            .map(|outcome| match outcome {
                WriteOutcome::Written(_) => "apply changed",
                WriteOutcome::Missing => "apply missing",
                WriteOutcome::Rejected(_) => "apply refused",
                _ => "apply stale",
            })
            .collect(),
        Answer::NoteWritten(WriteOutcome::Written(_)) => vec!["note changed"],
        Answer::NoteWritten(WriteOutcome::Missing) => vec!["note missing"],
        Answer::NoteWritten(_) => vec!["note stale"],
        Answer::Listed(tasks) if !tasks.is_empty() => vec!["list of rows"],
        Answer::History(entries) if !entries.is_empty() => vec!["history of entries"],
        Answer::Erased(1..) => vec!["erase of rows"],
        Answer::Notes(..) => vec!["notes read"],
        Answer::Everything(..) => vec!["everything"],
        Answer::Failed(_) => vec!["insert failed as a whole"],
        _ => Vec::new(),
    }
}

fn inserted(outcome: &InsertOutcome) -> &'static str {
    match outcome {
        InsertOutcome::Inserted => "insert of a new key",
        _ => "insert of a taken key",
    }
}
