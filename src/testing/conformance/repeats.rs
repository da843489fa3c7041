//! Clause 8: every call may be repeated.

use super::bench::{Bench, at, due, due_each, now};
use crate::store::{Erase, Extension, WriteOutcome};
use crate::task::{Revision, TaskState};
use crate::testing::change;

pub(super) async fn a_repeated_change_changes_nothing_and_answers_its_revision(bench: &Bench) {
    let row = bench.stored(due(0)).await;
    let first = change(&row).to(TaskState::Held).attempts(1).build();
    let written = [WriteOutcome::Written(Revision(2))];
    assert_eq!(bench.apply(at(1), std::slice::from_ref(&first)).await, written);
    let before = bench.everything().await;
    assert_eq!(bench.apply(at(2), std::slice::from_ref(&first)).await, written);
    assert_eq!(bench.everything().await, before);

    // The row moved on since: the answer is still that of the first time.
    let held = bench.row(row.id).await;
    bench.apply(at(3), &[change(&held).to(TaskState::Cancelled).build()]).await;
    let before = bench.everything().await;
    assert_eq!(bench.apply(at(4), &[first]).await, written);
    assert_eq!(bench.everything().await, before);
}

pub(super) async fn a_repeated_change_does_not_insert_again(bench: &Bench) {
    let row = bench.stored(due(0)).await;
    let fallback = due(30);
    let failed = change(&row).to(TaskState::Failed).inserts(fallback.clone()).build();
    bench.apply(at(1), std::slice::from_ref(&failed)).await;
    let sent = change(&bench.row(fallback.id).await).to(TaskState::Sent).ends_claim().build();
    bench.apply(at(2), &[sent]).await;
    let before = bench.everything().await;
    assert_eq!(bench.apply(at(3), &[failed]).await, [WriteOutcome::Written(Revision(2))]);
    assert_eq!(bench.everything().await, before);
}

pub(super) async fn a_change_repeated_in_one_batch_is_written_once(bench: &Bench) {
    let row = bench.stored(due(0)).await;
    let twice = change(&row).to(TaskState::Held).build();
    let outcomes = bench.apply(at(1), &[twice.clone(), twice]).await;
    assert_eq!(outcomes, [WriteOutcome::Written(Revision(2)), WriteOutcome::Written(Revision(2))]);
    assert_eq!(bench.row(row.id).await.revision, Revision(2));
    assert_eq!(bench.history_of(row.id).await.len(), 2);
}

pub(super) async fn a_repeated_batch_writes_what_was_missing(bench: &Bench) {
    let rows = due_each([0, 1, 2]);
    bench.insert(&rows).await;
    let mut changes = Vec::new();
    for new in &rows {
        changes.push(change(&bench.row(new.id).await).to(TaskState::Held).build());
    }
    bench.apply(at(1), &changes[1..2]).await;
    let earlier = bench.row(rows[1].id).await;
    let outcomes = bench.apply(at(2), &changes).await;
    assert_eq!(outcomes, vec![WriteOutcome::Written(Revision(2)); 3]);
    assert_eq!(bench.row(rows[1].id).await, earlier);
    assert_eq!(bench.row(rows[2].id).await.updated_at, at(2));
}

pub(super) async fn a_repeated_extension_answers_the_same(bench: &Bench) {
    let (claim, task) = bench.claimed().await;
    let plain = [Extension::new(task.id, claim, at(60))];
    let hand_off = [Extension::new(task.id, claim, at(70)).with_hand_off()];
    for extension in [plain, hand_off] {
        let first = bench.extend(at(5), &extension).await;
        let before = bench.everything().await;
        assert_eq!(bench.extend(at(5), &extension).await, first);
        assert_eq!(bench.everything().await, before);
    }
}

pub(super) async fn a_repeated_erase_finds_nothing_more(bench: &Bench) {
    let row = bench.stored(due(0)).await;
    bench.apply(now(), &[change(&row).to(TaskState::Sent).ends_claim().build()]).await;
    let what = Erase::FinishedBefore(at(100));
    assert_eq!(bench.erase(at(100), &what, 10).await, 1);
    assert_eq!(bench.erase(at(100), &what, 10).await, 0);
}
