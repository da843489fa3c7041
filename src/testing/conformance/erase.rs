//! Clause 15: erasing, and the counters that keep the books closed.

use std::collections::BTreeMap;

use super::bench::{Bench, at, due, due_each, micros, now, quota};
use crate::store::{ClaimRequest, Erase, InsertOutcome, StoreStats};
use crate::task::{NewTask, PersonKey, SafeText, Task, TaskData, TaskId, TaskState, What};
use crate::testing::{change, claim_id, new_task};

async fn stats(bench: &Bench) -> StoreStats {
    bench.store.stats(at(100)).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Inserts a row and finishes it at so many seconds.
async fn finished(bench: &Bench, new: NewTask, state: TaskState, seconds: i64) -> Task {
    let row = bench.stored(new).await;
    bench.apply(at(seconds), &[change(&row).to(state).ends_claim().build()]).await;
    bench.row(row.id).await
}

async fn is_there(bench: &Bench, id: TaskId) -> bool {
    bench.everything().await.tasks.iter().any(|task| task.id == id)
}

pub(super) async fn takes_finished_rows_only(bench: &Bench) {
    let pending = bench.stored(due(-1_000_000)).await;
    let held = bench.stored(due(-1_000_000)).await;
    bench.apply(now(), &[change(&held).to(TaskState::Held).build()]).await;
    for state in TaskState::ALL.into_iter().filter(|state| state.is_finished()) {
        let row = finished(bench, due(-1_000_000), state, 10).await;
        assert_eq!(bench.erase(at(99), &Erase::FinishedBefore(at(10)), 9).await, 0, "{state}");
        let after = Erase::FinishedBefore(micros(10_000_001));
        assert_eq!(bench.erase(at(99), &after, 9).await, 1, "{state}");
        assert!(!is_there(bench, row.id).await, "{state}");
    }
    let before = bench.everything().await;
    let everybody = Erase::Person(pending.person.clone());
    for what in [Erase::FinishedBefore(at(999)), Erase::BodiesBefore(at(999)), everybody] {
        assert_eq!(bench.erase(at(99), &what, 9).await, 0, "{what:?}");
    }
    assert_eq!(bench.everything().await, before, "nothing pending is ever touched");
}

pub(super) async fn the_event_must_be_over_too(bench: &Bench) {
    let new = new_task(now(), "reminder").event(at(5_000)).body("{}\n{}").build();
    let row = finished(bench, new, TaskState::Sent, 10).await;
    for what in [Erase::BodiesBefore(at(5_000)), Erase::FinishedBefore(at(5_000))] {
        assert_eq!(bench.erase(at(9_999), &what, 9).await, 0, "{what:?}: the event is not over");
    }
    assert_eq!(bench.row(row.id).await, row);
    for what in [Erase::BodiesBefore(at(5_001)), Erase::FinishedBefore(at(5_001))] {
        assert_eq!(bench.erase(at(9_999), &what, 9).await, 1, "{what:?}");
    }
}

pub(super) async fn the_limit_is_kept_and_the_answer_counts(bench: &Bench) {
    for _ in 0..5 {
        finished(bench, due(0), TaskState::Sent, 1).await;
    }
    let what = Erase::FinishedBefore(at(50));
    for (limit, expected) in [(0, 0), (2, 2), (2, 2), (2, 1), (2, 0)] {
        assert_eq!(bench.erase(at(50), &what, limit).await, expected);
    }
    assert_eq!(bench.everything().await.tasks, []);
}

pub(super) async fn removed_rows_take_their_history_and_free_their_key(bench: &Bench) {
    let row = finished(bench, due(0), TaskState::Sent, 1).await;
    let other = finished(bench, due(0), TaskState::Sent, 90).await;
    let history = bench.history_of(other.id).await;
    bench.erase(at(50), &Erase::FinishedBefore(at(50)), 9).await;
    assert_eq!(bench.history_of(row.id).await, []);
    assert_eq!(bench.history_of(other.id).await, history);
    let mut again = due(5);
    again.dedup_key = row.dedup_key.clone();
    assert_eq!(bench.insert(&[again]).await, [InsertOutcome::Inserted]);
}

pub(super) async fn what_is_removed_is_added_to_the_counters(bench: &Bench) {
    for state in [TaskState::Sent, TaskState::Sent, TaskState::Failed] {
        finished(bench, due(0), state, 1).await;
    }
    assert!(stats(bench).await.erased.tasks.is_empty());
    bench.erase(at(50), &Erase::FinishedBefore(at(50)), 2).await;
    let person = PersonKey::from_stored("user 1".to_owned());
    bench.erase(at(50), &Erase::Person(person), 9).await;
    let erased = stats(bench).await.erased;
    assert_eq!(erased.tasks, BTreeMap::from([(TaskState::Sent, 2), (TaskState::Failed, 1)]));
    let entries = [(What::Scheduled, 3), (What::Sent, 2), (What::Failed, 1)];
    assert_eq!(erased.entries, BTreeMap::from(entries));
}

pub(super) async fn blanking_keeps_the_first_line_and_the_row(bench: &Bench) {
    let new = new_task(now(), "reminder")
        .body("{\"version\":1}\n{\"to\":\"kim\"}")
        .data(r#"{"name":"Kim"}"#)
        .recipient("k***@e***.com");
    let row = bench.stored(new.build()).await;
    let failed = change(&row).to(TaskState::Failed).last_error("kim@example.com unknown");
    bench.apply(at(1), &[failed.detail("kim@example.com unknown").ends_claim().build()]).await;
    let mut expected = bench.row(row.id).await;
    let mut history = bench.history_of(row.id).await;

    let what = Erase::BodiesBefore(at(50));
    assert_eq!(bench.erase(at(60), &what, 9).await, 1);
    let found = bench.row(row.id).await;
    expected.body = expected.body.blanked();
    expected.data = TaskData::default();
    expected.recipient = SafeText::default();
    expected.last_error = None;
    (expected.revision, expected.updated_at) = (found.revision, found.updated_at);
    assert_eq!(found, expected);
    history.iter_mut().for_each(|stored| stored.entry.detail = None);
    assert_eq!(bench.history_of(row.id).await, history);
    assert_eq!(bench.erase(at(60), &what, 9).await, 0, "a blanked row is blanked once");
    assert!(stats(bench).await.erased.tasks.is_empty(), "the row is still there");
}

pub(super) async fn a_person_is_erased_where_finished(bench: &Bench) {
    let of = |person| new_task(now(), "reminder").person(person).event(at(9_999)).build();
    let done = finished(bench, of("kim"), TaskState::Sent, 1).await;
    let pending = bench.stored(of("kim")).await;
    let other = finished(bench, of("Kim"), TaskState::Sent, 1).await;
    let kim = Erase::Person(PersonKey::from_stored("kim".to_owned()));
    assert_eq!(bench.erase(at(2), &kim, 9).await, 1, "whenever the event is");
    assert!(!is_there(bench, done.id).await);
    assert_eq!(bench.history_of(done.id).await, []);
    assert_eq!(bench.row(pending.id).await, pending);
    assert_eq!(bench.row(other.id).await, other);
}

pub(super) async fn the_books_balance_through_everything(bench: &Bench) {
    let created = due_each([0, 1, 2, 3, 4, 5, 6, 7]);
    bench.insert(&created).await;
    let mut entries = created.len() as u64;
    for (step, state) in TaskState::ALL.into_iter().enumerate() {
        let request = ClaimRequest::new(claim_id(now()), at(30), vec![quota(1)]);
        bench.claim(at(1), &request).await;
        let row = bench.row(created[step].id).await;
        bench.apply(at(2), &[change(&row).to(state).ends_claim().build()]).await;
        entries += 1;
        bench.erase(at(3), &Erase::FinishedBefore(at(3)), 1).await;

        let stats = stats(bench).await;
        let stored: u64 = stats.tasks.iter().map(|count| count.count).sum();
        let erased: u64 = stats.erased.tasks.values().sum();
        assert_eq!(stored + erased, created.len() as u64, "created = stored + erased");
        let erased: u64 = stats.erased.entries.values().sum();
        assert_eq!(stats.entries + erased, entries, "each entry is stored or counted");
    }
}
