//! Every reason and everything that can happen has a sentence of its own, in good form.

use std::collections::BTreeMap;

use super::*;
use crate::task::{Entropy, EntryId, Reason, Revision, TaskId};

fn entry(what: What, state: TaskState) -> HistoryEntry {
    let (now, entropy) = ("2026-07-09T13:00:00Z".parse().unwrap(), Entropy::seeded(1));
    let (id, task) = (EntryId::new(now, &entropy), TaskId::new(now, &entropy));
    HistoryEntry::new(id, task, now, what, state)
}

fn full(what: What, state: TaskState) -> HistoryEntry {
    let mut entry = entry(what, state);
    entry.attempt = 2;
    entry.until = Some("2026-07-09T13:05:00Z".parse().unwrap());
    entry.lateness = Some(chrono::TimeDelta::milliseconds(3));
    entry.code = Some("550 5.1.1".into());
    entry.detail = Some("no mailbox jane@example.com.".into());
    entry.provider_id = Some("abc".into());
    entry
}

#[track_caller]
fn check_form(text: &str) {
    assert!(text.starts_with(|c: char| c.is_ascii_uppercase()), "{text}");
    assert!(text.ends_with('.') && !text.ends_with(".."), "{text}");
    assert!(!text.contains("  ") && !text.contains(" .") && !text.contains(" ,"), "{text}");
    assert!(!text.contains("; .") && !text.contains("::") && !text.contains("()"), "{text}");
    assert!(text.split_whitespace().count() >= 1 && !text.contains('\n'), "{text}");
}

#[test]
fn everything_that_happens_has_a_sentence_of_its_own_in_every_state() {
    let states = TaskState::ALL.into_iter().chain([TaskState::Unknown]);
    for state in states {
        for build in [entry, full] {
            let mut seen: BTreeMap<String, What> = BTreeMap::new();
            for what in What::ALL.iter().copied().chain([What::Unknown]) {
                let text = told(&build(what, state), Face::default());
                check_form(&text);
                if let Some(other) = seen.insert(text.clone(), what) {
                    panic!("{what} and {other} share in state {state}: {text}");
                }
            }
        }
    }
}

#[test]
fn every_reason_has_a_sentence_that_is_told_whatever_happened() {
    let mut seen: BTreeMap<&str, &Reason> = BTreeMap::new();
    let newer = Reason::from_stored("a word of tomorrow");
    for reason in Reason::ALL.iter().chain([&newer]) {
        let own = reason.sentence();
        assert!(own.starts_with(|c: char| c.is_ascii_lowercase()), "{reason}: {own}");
        assert!(!own.ends_with('.') && own.split(' ').count() >= 3, "{reason}: {own}");
        assert!(!own.contains("  "), "{reason}: {own}");
        if let Some(other) = seen.insert(own, reason) {
            panic!("{reason} and {other} share: {own}");
        }
        for what in What::ALL {
            for state in TaskState::ALL {
                let mut entry = full(*what, state);
                entry.reason = Some(reason.clone());
                let text = told(&entry, Face::default());
                check_form(&text);
                assert!(text.contains(&format!(": {own} (")), "{what}, {reason}: {text}");
            }
        }
    }
}

#[test]
fn an_entry_tells_when_why_in_whose_words_and_what_comes_next() {
    let with = |what, state, reason| {
        let mut entry = full(what, state);
        entry.reason = Some(reason);
        sentence(&StoredEntry::new(entry, Revision::FIRST))
    };
    let words = "(550 5.1.1: \"no mailbox j***@e***.com.\", provider id abc)";
    for (told, expected) in [
        (
            with(What::Retried, TaskState::Scheduled, Reason::Transient),
            format!(
                "Attempt 2 did not succeed: the attempt failed in a way that may pass {words}; \
                 the next attempt follows at 2026-07-09 13:05:00 UTC."
            ),
        ),
        (
            with(What::Failed, TaskState::Failed, Reason::Permanent),
            format!("Failed for good at attempt 2: it was refused for good {words}."),
        ),
        (
            with(What::Moved, TaskState::Sending, Reason::EventMoved),
            format!(
                "Moved while an earlier message was being sent, now due 2026-07-09 13:05:00 \
                 UTC: the event moved to another time {words}."
            ),
        ),
        (
            with(What::Uncertain, TaskState::Held, Reason::UncertainHeld),
            format!(
                "Attempt 2 ended without an answer: it may have arrived, and its channel does \
                 not repeat what may have arrived {words}; left alone, it expires at 2026-07-09 \
                 13:05:00 UTC."
            ),
        ),
    ] {
        assert_eq!(told, expected);
    }
    assert_eq!(told(&entry(What::Cancelled, TaskState::Cancelled), Face::default()), "Cancelled.");
}
