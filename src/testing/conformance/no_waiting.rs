//! Clause 12: nobody waits for a row that is locked elsewhere.

use super::Verdict;
use super::bench::{Bench, at, due, due_each, ids, now, written};
use crate::store::{Extension, StoreErrorKind, WriteOutcome};
use crate::task::{Revision, TaskId, TaskState};
use crate::testing::change;

async fn hold(bench: &Bench, task: TaskId) -> Result<Box<dyn super::Hold>, Verdict> {
    let held = bench.harness.hold_row(task).await;
    held.ok_or(Verdict::NotApplicable("no single row of the store can be held"))
}

pub(super) async fn a_change_of_a_held_row_is_busy_and_the_others_are_written(
    bench: &Bench,
) -> Result<(), Verdict> {
    let [held, free] = [bench.stored(due(0)).await, bench.stored(due(0)).await];
    let hold = hold(bench, held.id).await?;
    let first = change(&held).to(TaskState::Held).build();
    let second = change(&free).to(TaskState::Held).build();
    let outcomes = bench.apply(at(1), &[first.clone(), second]).await;
    assert_eq!(outcomes, [WriteOutcome::Busy, WriteOutcome::Written(Revision(2))]);
    hold.release().await;
    assert_eq!(bench.row(held.id).await, held);
    assert_eq!(written(&bench.apply(at(2), &[first]).await), Revision(2));
    Ok(())
}

pub(super) async fn an_extension_of_a_held_row_is_busy_and_the_others_are_written(
    bench: &Bench,
) -> Result<(), Verdict> {
    let rows = due_each([-2, -1]);
    bench.insert(&rows).await;
    let (claim, _) = bench.claim_due(now(), 10).await;
    let hold = hold(bench, rows[0].id).await?;
    let extensions = rows.iter().map(|new| Extension::new(new.id, claim, at(60)).with_hand_off());
    let extensions: Vec<_> = extensions.collect();
    let outcomes = bench.extend(at(1), &extensions).await;
    assert_eq!(outcomes, [WriteOutcome::Busy, WriteOutcome::Written(Revision(3))]);
    hold.release().await;
    assert_eq!(written(&bench.extend(at(2), &extensions[..1]).await), Revision(3));
    Ok(())
}

pub(super) async fn a_claim_leaves_held_rows_out_and_looks_again_in_a_second(
    bench: &Bench,
) -> Result<(), Verdict> {
    let rows = due_each([-2, -1]);
    bench.insert(&rows).await;
    let hold = hold(bench, rows[0].id).await?;
    let (_, claimed) = bench.claim_due(at(5), 10).await;
    assert_eq!(ids(&claimed.tasks), [rows[1].id]);
    assert_eq!(claimed.next_wake_at, Some(at(6)));
    hold.release().await;
    let (_, claimed) = bench.claim_due(at(6), 10).await;
    assert_eq!(ids(&claimed.tasks), [rows[0].id]);
    Ok(())
}

pub(super) async fn inside_a_transaction_a_held_row_is_a_conflict(
    bench: &Bench,
) -> Result<(), Verdict> {
    let row = bench.stored(due(0)).await;
    let hold = hold(bench, row.id).await?;
    let mut transaction = bench.begin().await?;
    let cancel = [change(&row).to(TaskState::Cancelled).build()];
    let answer = transaction.writes().apply(at(1), &cancel).await;
    match answer {
        Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict, "{error}"),
        Ok(outcomes) => panic!("the row is another's: {outcomes:?}"),
    }
    transaction.rollback().await;
    hold.release().await;
    assert_eq!(bench.row(row.id).await, row);
    Ok(())
}
