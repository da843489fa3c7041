//! Clause 11: what comes back is what was given.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::bench::{Bench, at, due, ids, micros, now};
use crate::store::{InsertOutcome, StoredEntry, TaskFilter, TaskQuery};
use crate::task::{
    HistoryEntry, Kind, Limits, PersonKey, Priority, Reason, Subject, Task, TaskState, What,
};
use crate::testing::{change, entry_id, new_task};
use crate::time::{FIRST_INSTANT, LAST_INSTANT};

/// Texts that some store harmed: more than the basic plane, right to left, composed in two ways,
/// quotes of all kinds, wildcards, what looks like an escape, and blanks at the ends.
const TEXTS: &[&str] = &[
    "🦀 crab, 👩‍👩‍👧 family, 🇪🇺 flag",
    "שלום, مرحبا بك",
    "caf\u{e9} and cafe\u{301}",
    r#"O'Brien "the \ back" `tick` $1 :name ?1 @p"#,
    r"100% of_all \n \u0041 \\",
    "ſß İı Σς",
    "  blanks at both ends  ",
];

pub(super) async fn instants_come_back_exactly(bench: &Bench) {
    let instants: [DateTime<Utc>; 6] = [
        FIRST_INSTANT,
        FIRST_INSTANT + TimeDelta::microseconds(1),
        micros(1),
        micros(999_999),
        micros(-1),
        LAST_INSTANT,
    ];
    for instant in instants {
        let new = new_task(now(), "reminder").due(instant).event(instant).expires(instant).build();
        let outcomes = bench.store.insert(instant, std::slice::from_ref(&new)).await;
        assert_eq!(outcomes.ok(), Some(vec![InsertOutcome::Inserted]), "{instant}");
        let row = bench.row(new.id).await;
        assert_eq!(row, Task::from_new(instant, &new), "{instant}");

        let finished = change(&row).to(TaskState::Sent).at(instant).build();
        bench.apply(instant, std::slice::from_ref(&finished)).await;
        let row = bench.row(new.id).await;
        assert_eq!((row.updated_at, row.finished_at), (instant, Some(instant)));
        let told = bench.history_of(new.id).await;
        assert!(told.iter().any(|stored| stored.entry == finished.entry), "{instant}: {told:?}");
    }
}

pub(super) async fn bodies_and_data_come_back_byte_for_byte(bench: &Bench) {
    let json = [
        r#"{ "b" : 1,  "a":1.0, "c":1e2, "b2":18446744073709551615 }"#,
        r#"{"text":"\u00e9\ud83e\udd80\/\"","empty":"","nested":[[],{}]}"#,
        "[]",
        "null",
    ];
    for (index, text) in TEXTS.iter().chain(&json).enumerate() {
        let body = format!("{{\"version\":1}}\n{text}\r\n\t{index}\n");
        let row = bench.stored(new_task(now(), "reminder").body(&body).data(text).build()).await;
        assert_eq!((row.body.as_str(), row.data.as_str()), (&body[..], *text));
        let changed = change(&row).body(text).data(&body).recipient(text).build();
        bench.apply(at(1), std::slice::from_ref(&changed)).await;
        let row = bench.row(row.id).await;
        assert_eq!((row.body.as_str(), row.data.as_str()), (*text, &body[..]));
        assert_eq!(Some(row.recipient), changed.recipient);
    }
}

pub(super) async fn names_come_back_and_are_found_exactly(bench: &Bench) {
    // Neighbours that a store might take for each other stand beside the texts.
    let neighbours = ["a", "A", "a ", " a", "á", "a\u{301}", "1", "01", "1.0", "%", "_", "a%"];
    let names: Vec<&str> = TEXTS.iter().chain(&neighbours).copied().collect();
    for name in &names {
        let new = new_task(now(), "reminder").about(Subject::new("booking", name)).person(name);
        bench.stored(new.build()).await;
    }
    for name in &names {
        let filters = [
            TaskFilter::subject(Subject::new("booking", name)),
            TaskFilter::person(PersonKey::from_stored((*name).to_owned())),
        ];
        for filter in filters {
            let found = bench.list(&TaskQuery::new(filter, 100)).await;
            let found: Vec<_> =
                found.iter().map(|task| (task.subject.id(), task.person.as_str())).collect();
            assert_eq!(found, [(*name, *name)]);
        }
    }
    let kinds = ["Reminder", "reminder", "reminder.24h"];
    for kind in kinds {
        bench.stored(new_task(now(), kind).build()).await;
    }
    let filter = TaskFilter {
        kind: Some(Kind::from_stored("Reminder".to_owned())),
        ..TaskFilter::default()
    };
    assert_eq!(bench.list(&TaskQuery::new(filter, 100)).await.len(), 1);
}

pub(super) async fn every_history_entry_comes_back_exactly(bench: &Bench) {
    let mut row = bench.stored(due(0)).await;
    let mut expected = bench.history_of(row.id).await;
    let reasons = Reason::ALL.iter().cloned().map(Some).chain([None]);
    for (number, reason) in reasons.enumerate() {
        let what = What::ALL[number % What::ALL.len()];
        let state = TaskState::ALL[number % TaskState::ALL.len()];
        let seconds = i64::try_from(number).unwrap_or_default();
        let mut entry = HistoryEntry::new(entry_id(now()), row.id, at(seconds + 1), what, state);
        entry.reason = reason;
        if number % 2 == 0 {
            let text = TEXTS[number % TEXTS.len()];
            (entry.generation, entry.attempt) = (70_000, 19);
            entry.code = Some("550 5.1.1".into());
            entry.detail = Some(text.into());
            entry.provider_id = Some(format!("<{text}@mx>").into());
            entry.lateness = Some(TimeDelta::microseconds(1_234_567 - seconds * 100_000));
            entry.until = Some(micros(3_600_000_001));
        }
        let mut change = change(&row).build();
        change.entry = entry.clone();
        bench.apply(at(1), &[change]).await;
        row = bench.row(row.id).await;
        expected.push(StoredEntry::new(entry, row.revision));
    }
    assert_eq!(bench.history_of(row.id).await, expected);
}

pub(super) async fn every_state_and_priority_comes_back(bench: &Bench) {
    for state in TaskState::ALL {
        for priority in Priority::ALL {
            let row = bench.stored(new_task(now(), "reminder").priority(priority).build()).await;
            assert_eq!(row.priority, priority);
            let changed = change(&row).to(state).priority(Priority::Normal).build();
            bench.apply(at(1), &[changed]).await;
            let row = bench.row(row.id).await;
            assert_eq!((row.state, row.priority), (state, Priority::Normal));
        }
    }
    for state in TaskState::ALL {
        let filter = TaskFilter { states: Some(vec![state]), ..TaskFilter::default() };
        let found = bench.list(&TaskQuery::new(filter, 100)).await;
        let distinct: BTreeSet<_> = ids(&found).into_iter().collect();
        assert_eq!((found.len(), distinct.len()), (2, 2), "{state}");
    }
}

pub(super) async fn a_full_body_fits(bench: &Bench) {
    let full = "é".repeat(Limits::BODY_BYTES / 2);
    let new = new_task(now(), "reminder").body(&full).data(&full).build();
    let row = bench.stored(new).await;
    assert!(row.body.as_str() == full && row.data.as_str() == full, "all of 64 KiB twice");
}
