//! What a history entry tells, in a sentence: for everything that can happen, in every state.

use chrono::{DateTime, Utc};

use super::face::{Face, lateness, length};
use super::redact::redacted;
use crate::store::StoredEntry;
use crate::task::{HistoryEntry, TaskState, What};

/// What a history entry tells, as one full sentence with its times in UTC.
///
/// It holds no address: whatever looks like one in the words of a provider is redacted.
///
/// ```
/// use puntual::inspect::sentence;
/// use puntual::store::StoredEntry;
/// use puntual::task::{Entropy, EntryId, HistoryEntry, Reason, Revision, TaskId, TaskState, What};
///
/// let (now, entropy) = ("2026-07-09T13:00:00Z".parse()?, Entropy::seeded(1));
/// let (id, task) = (EntryId::new(now, &entropy), TaskId::new(now, &entropy));
/// let mut entry = HistoryEntry::new(id, task, now, What::Skipped, TaskState::Skipped);
/// entry.reason = Some(Reason::Guard);
/// entry.detail = Some("booking 123 is not paid".into());
/// assert_eq!(
///     sentence(&StoredEntry::new(entry, Revision::FIRST)),
///     "Skipped: the host's guard said that it must not be sent (\"booking 123 is not paid\").",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sentence(stored: &StoredEntry) -> String {
    told(&stored.entry, Face::default())
}

/// What an entry tells: what happened, why, in whose words, and what comes next.
pub(super) fn told(entry: &HistoryEntry, face: Face<'_>) -> String {
    let mut text = happened(entry, face);
    text.push_str(&why(entry));
    if let Some(next) = next(entry, face) {
        text.push_str("; ");
        text.push_str(&next);
    }
    text.push('.');
    text
}

/// `: its reason (the provider's words)`, as far as there are any.
pub(super) fn why(entry: &HistoryEntry) -> String {
    let mut text = String::new();
    if let Some(reason) = &entry.reason {
        text.push_str(": ");
        text.push_str(reason.sentence());
    }
    if let Some(words) = particulars(entry) {
        text.push_str(&format!(" ({words})"));
    }
    text
}

/// `550 5.1.1: "no such user", provider id abc`.
pub(super) fn particulars(entry: &HistoryEntry) -> Option<String> {
    let code = entry.code.as_ref().filter(|code| !code.is_empty()).map(redacted);
    let detail = entry.detail.as_ref().filter(|detail| !detail.is_empty());
    let detail = detail.map(|detail| format!("\"{}\"", redacted(detail)));
    let words = match (code, detail) {
        (Some(code), Some(detail)) => Some(format!("{code}: {detail}")),
        (Some(code), None) => Some(code.to_string()),
        (None, detail) => detail,
    };
    let id = entry.provider_id.as_ref().map(|id| format!("provider id {id}"));
    let all: Vec<String> = words.into_iter().chain(id).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn happened(entry: &HistoryEntry, face: Face<'_>) -> String {
    let number = entry.attempt.max(1);
    let due = |words: &str| until(entry, |at| format!("{words} {}", face.at(at)));
    match entry.what {
        What::Scheduled => format!("Scheduled{}", due(" for")),
        What::Updated => rewritten(entry, "Changed", &due(", now due")),
        What::Moved => rewritten(entry, "Moved", &due(", now due")),
        What::Reopened => rewritten(entry, "Back to life", &due(", now due")),
        What::Rescheduled => format!("Due time computed anew{}", due(":")),
        What::CancelRequested => {
            "Told to stop while its message may have been leaving already".to_owned()
        }
        What::Cancelled => match entry.attempt {
            0 => "Cancelled".to_owned(),
            number => format!("Cancelled after attempt {number}"),
        },
        What::Sent => {
            let late = entry.lateness.map(|late| format!(" {}", lateness(late)));
            format!("Sent{} by attempt {number}", late.unwrap_or_default())
        }
        What::Retried => format!("Attempt {number} did not succeed"),
        What::Deferred => "Put off without spending an attempt".to_owned(),
        What::Uncertain => format!("Attempt {number} ended without an answer"),
        What::Skipped => "Skipped".to_owned(),
        What::Expired => {
            let late = entry.lateness.map(|late| format!(", {} past its due time", length(late)));
            format!("Expired{}", late.unwrap_or_default())
        }
        What::Failed => match entry.attempt {
            0 => "Failed for good".to_owned(),
            number => format!("Failed for good at attempt {number}"),
        },
        What::Held => "Held until a person decides".to_owned(),
        What::Released => "Given back unsent".to_owned(),
        What::Resolved => match entry.state {
            TaskState::Sent => "Counted as sent by a person's decision".to_owned(),
            _ => format!("Set free by a person's decision{}", due(", to be sent at")),
        },
        What::LateResult => match entry.code.as_ref().map(|code| code.as_str()) {
            Some("accepted") => "A message for an earlier event time was accepted".to_owned(),
            _ => "The result of a message for an earlier event time came in".to_owned(),
        },
        What::Unknown => {
            "A newer version of this library recorded something that this one does not know"
                .to_owned()
        }
    }
}

/// A request that was changed: what that means depends on where the row stood.
fn rewritten(entry: &HistoryEntry, what: &str, due: &str) -> String {
    match entry.state {
        TaskState::Scheduled | TaskState::Held => format!("{what}{due}"),
        TaskState::Sending => format!("{what} while an earlier message was being sent{due}"),
        TaskState::Sent
        | TaskState::Skipped
        | TaskState::Cancelled
        | TaskState::Expired
        | TaskState::Failed => format!("{what}; it stays {}", entry.state),
        TaskState::Unknown => what.to_owned(),
    }
}

/// What comes next, where it is not said already.
fn next(entry: &HistoryEntry, face: Face<'_>) -> Option<String> {
    let at = |words: &str| until(entry, |at| format!("{words} {}", face.at(at)));
    let text = match (entry.what, entry.state) {
        (What::CancelRequested, _) => "should the attempt fail, none follows".to_owned(),
        (What::Retried, TaskState::Scheduled) => at("the next attempt follows at"),
        (What::Uncertain, TaskState::Scheduled) => at("it is sent once more at"),
        (What::Uncertain | What::Held, TaskState::Held) => at("left alone, it expires at"),
        (What::Uncertain, state) if state.is_finished() => {
            format!("it is not sent again and counts as {state}")
        }
        (What::Deferred, _) if entry.until.is_some_and(|until| until <= entry.at) => {
            "it is tried again at once".to_owned()
        }
        (What::Deferred, _) => at("it is tried again at"),
        (What::Skipped, _) => at("it would have been due at"),
        (What::Released, _) => at("it is taken up again at"),
        (What::LateResult, TaskState::Scheduled) => at("the message for the new time is due at"),
        (What::LateResult, state) if state.is_finished() => {
            format!("the message for the new time is {state}")
        }
        _ => String::new(),
    };
    (!text.is_empty()).then_some(text)
}

fn until(entry: &HistoryEntry, words: impl FnOnce(DateTime<Utc>) -> String) -> String {
    entry.until.map(words).unwrap_or_default()
}

#[cfg(test)]
mod tests;
