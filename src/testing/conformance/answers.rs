//! Clause 1: answers match inputs one to one, in order.

use super::bench::{Bench, at, due, due_each, new_ids, now};
use crate::store::{Extension, InsertOutcome, TaskFilter, TaskQuery, WriteOutcome};
use crate::task::{Limits, Revision, TaskState};
use crate::testing::{change, claim_id, task_id};

pub(super) async fn inserts_are_answered_in_order(bench: &Bench) {
    let holder = bench.stored(due(10)).await;
    let mut taken = due(20);
    taken.dedup_key = holder.dedup_key.clone();
    let batch = [due(30), taken.clone(), due(5)];
    let inserted = InsertOutcome::Inserted;
    let expected = [inserted.clone(), InsertOutcome::Taken(Box::new(holder)), inserted];
    assert_eq!(bench.insert(&batch).await, expected);
}

pub(super) async fn changes_are_answered_in_order(bench: &Bench) {
    let first = bench.stored(due(10)).await;
    let second = bench.stored(due(5)).await;
    let mut unknown = first.clone();
    unknown.id = task_id(now());
    let changes = [
        change(&second).to(TaskState::Held).build(),
        change(&unknown).build(),
        change(&first).expecting(Revision(7)).build(),
        change(&first).to(TaskState::Cancelled).build(),
    ];
    let expected = [
        WriteOutcome::Written(Revision(2)),
        WriteOutcome::Missing,
        WriteOutcome::Stale,
        WriteOutcome::Written(Revision(2)),
    ];
    assert_eq!(bench.apply(at(1), &changes).await, expected);
}

pub(super) async fn extensions_are_answered_in_order(bench: &Bench) {
    let rows = due_each([0, -5, -3]);
    bench.insert(&rows).await;
    let (claim, _) = bench.claim_due(now(), 10).await;
    let until = at(60);
    let extensions = [
        Extension::new(rows[0].id, claim, until).with_hand_off(),
        Extension::new(task_id(now()), claim, until),
        Extension::new(rows[1].id, claim_id(now()), until),
        Extension::new(rows[2].id, claim, until),
    ];
    let expected = [
        WriteOutcome::Written(Revision(3)),
        WriteOutcome::Missing,
        WriteOutcome::Stale,
        WriteOutcome::Written(Revision(2)),
    ];
    assert_eq!(bench.extend(at(1), &extensions).await, expected);
}

pub(super) async fn an_empty_batch_answers_empty(bench: &Bench) {
    bench.stored(due(0)).await;
    let before = bench.everything().await;
    assert_eq!(bench.insert(&[]).await, []);
    assert_eq!(bench.apply(now(), &[]).await, []);
    assert_eq!(bench.extend(now(), &[]).await, []);
    assert_eq!(bench.list(&TaskQuery::new(TaskFilter::default(), 0)).await, []);
    if let Some(notes) = bench.store.notes() {
        assert!(matches!(notes.read_notes(&[]).await.as_deref(), Ok([])));
    }
    assert_eq!(bench.everything().await, before, "an empty batch changes nothing");
}

pub(super) async fn a_full_batch_is_answered_in_order(bench: &Bench) {
    let count = i64::try_from(Limits::BATCH).unwrap_or(i64::MAX);
    let rows = due_each((0..count).rev());
    let outcomes = bench.insert(&rows).await;
    assert_eq!(outcomes, vec![InsertOutcome::Inserted; Limits::BATCH]);

    let stored = bench.everything().await.tasks;
    let changes: Vec<_> =
        stored.iter().map(|task| change(task).to(TaskState::Held).build()).collect();
    let outcomes = bench.apply(at(1), &changes).await;
    assert_eq!(outcomes, vec![WriteOutcome::Written(Revision(2)); Limits::BATCH]);

    let held = bench.everything().await.tasks;
    assert!(held.iter().all(|task| task.state == TaskState::Held));
    let ids: Vec<_> = held.iter().map(|task| task.id).collect();
    assert_eq!(ids, new_ids(&rows));
}
