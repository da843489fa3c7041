//! `TaskWrites`: inside the host's own transaction.

use super::Verdict;
use super::bench::{Bench, at, due, due_each, now};
use super::wakeups::ticked;
use crate::store::{InsertOutcome, StoreErrorKind, TaskFilter, TaskQuery, WriteOutcome};
use crate::task::{Revision, Task, TaskBody, TaskState};
use crate::testing::{change, task_id};

pub(super) async fn are_seen_by_others_after_the_commit_only(bench: &Bench) -> Result<(), Verdict> {
    let old = bench.stored(due(0)).await;
    let before = bench.everything().await;
    let new = due(5);
    let mut transaction = bench.begin().await?;
    {
        let mut writes = transaction.writes();
        let outcomes = writes.insert(now(), std::slice::from_ref(&new)).await;
        assert_eq!(outcomes.ok(), Some(vec![InsertOutcome::Inserted]));
        let cancel = [change(&old).to(TaskState::Cancelled).inserts(due(7)).build()];
        let outcomes = writes.apply(at(1), &cancel).await;
        assert_eq!(outcomes.ok(), Some(vec![WriteOutcome::Written(Revision(2))]));
    }
    assert_eq!(bench.everything().await, before, "not yet");
    transaction.commit().await;
    assert_eq!(bench.row(new.id).await, Task::from_new(now(), &new));
    assert_eq!(bench.row(old.id).await.state, TaskState::Cancelled);
    let after = bench.everything().await;
    assert_eq!((after.tasks.len(), after.history.len()), (3, 4));
    Ok(())
}

pub(super) async fn leave_nothing_after_a_rollback(bench: &Bench) -> Result<(), Verdict> {
    let old = bench.stored(due(0)).await;
    let before = bench.everything().await;
    let batch = due_each([5]);
    for rolls_back in [true, false] {
        let mut transaction = bench.begin().await?;
        let mut writes = transaction.writes();
        let outcomes = writes.insert(now(), &batch).await;
        assert_eq!(outcomes.ok(), Some(vec![InsertOutcome::Inserted]));
        let cancel = [change(&old).to(TaskState::Cancelled).build()];
        let outcomes = writes.apply(at(1), &cancel).await;
        assert_eq!(outcomes.ok(), Some(vec![WriteOutcome::Written(Revision(2))]));
        drop(writes);
        if rolls_back {
            transaction.rollback().await;
        } else {
            drop(transaction);
        }
        assert_eq!(bench.everything().await, before);
    }
    assert_eq!(bench.insert(&batch).await, [InsertOutcome::Inserted], "nothing stays locked");
    Ok(())
}

pub(super) async fn see_what_they_wrote_themselves(bench: &Bench) -> Result<(), Verdict> {
    let old = bench.stored(due(0)).await;
    let new = due(5);
    let mut transaction = bench.begin().await?;
    {
        let mut writes = transaction.writes();
        let outcomes = writes.insert(now(), std::slice::from_ref(&new)).await;
        assert_eq!(outcomes.ok(), Some(vec![InsertOutcome::Inserted]));
        let held = [change(&old).to(TaskState::Held).build()];
        let outcomes = writes.apply(at(1), &held).await;
        assert_eq!(outcomes.ok(), Some(vec![WriteOutcome::Written(Revision(2))]));
        let all = TaskQuery::new(TaskFilter::default(), 10);
        let found = writes.list(&all).await.unwrap_or_else(|error| panic!("{error}"));
        let mut changed = old.clone();
        held[0].write_into(at(1), &mut changed);
        assert_eq!(found, [changed, Task::from_new(now(), &new)]);
        let held = TaskFilter { states: Some(vec![TaskState::Held]), ..TaskFilter::default() };
        let found = writes.list(&TaskQuery::new(held, 10)).await;
        assert_eq!(found.map(|found| found.len()).ok(), Some(1));
    }
    transaction.rollback().await;
    Ok(())
}

pub(super) async fn answer_as_the_store_does(bench: &Bench) -> Result<(), Verdict> {
    let holder = bench.stored(due(0)).await;
    let mut unknown = holder.clone();
    unknown.id = task_id(now());
    let [mut taken, free, mut twin] = [due(1), due(2), due(3)];
    taken.dedup_key = holder.dedup_key.clone();
    twin.dedup_key = free.dedup_key.clone();
    let mut transaction = bench.begin().await?;
    {
        let mut writes = transaction.writes();
        let batch = [taken, free.clone(), twin, free.clone()];
        let outcomes = writes.insert(now(), &batch).await;
        let taken_by = |task| InsertOutcome::Taken(Box::new(task));
        let expected = vec![
            taken_by(holder.clone()),
            InsertOutcome::Inserted,
            taken_by(Task::from_new(now(), &free)),
            InsertOutcome::Inserted,
        ];
        assert_eq!(outcomes.ok(), Some(expected));
        let mut bad = change(&holder).build();
        bad.body = Some(TaskBody::from_stored("\0".to_owned()));
        let changes = [
            change(&unknown).build(),
            bad,
            change(&holder).expecting(Revision(8)).build(),
            change(&holder).to(TaskState::Held).build(),
        ];
        let outcomes = writes.apply(at(1), &changes).await.unwrap_or_else(|e| panic!("{e}"));
        assert!(
            matches!(
                &outcomes[..],
                [
                    WriteOutcome::Missing,
                    WriteOutcome::Rejected(_),
                    WriteOutcome::Stale,
                    WriteOutcome::Written(Revision(2)),
                ]
            ),
            "{outcomes:?}"
        );
        let mut bad = due_each([8, 9]);
        bad[1].wake_at = None;
        let error = writes.insert(now(), &bad).await.err();
        assert_eq!(error.map(|error| error.kind()), Some(StoreErrorKind::Permanent));
    }
    transaction.rollback().await;
    Ok(())
}

pub(super) async fn repeat_a_change_without_effect(bench: &Bench) -> Result<(), Verdict> {
    let row = bench.stored(due(0)).await;
    let earlier = [change(&row).attempts(1).build()];
    bench.apply(at(1), &earlier).await;
    let row = bench.row(row.id).await;
    let inside = [change(&row).attempts(2).build()];
    let mut transaction = bench.begin().await?;
    for (changes, revision) in [(&earlier, 2), (&inside, 3), (&inside, 3), (&earlier, 2)] {
        let outcomes = transaction.writes().apply(at(2), changes).await;
        assert_eq!(outcomes.ok(), Some(vec![WriteOutcome::Written(Revision(revision))]));
    }
    transaction.commit().await;
    let found = bench.row(row.id).await;
    assert_eq!((found.revision, found.attempts), (Revision(3), 2));
    assert_eq!(bench.history_of(row.id).await.len(), 3);
    Ok(())
}

pub(super) async fn tick_at_their_commit(bench: &Bench) -> Result<(), Verdict> {
    let ticks = bench.store.wakeups();
    let mut ticks = ticks.ok_or(Verdict::NotApplicable("the store is polled"))?;
    let mut transaction = bench.begin().await?;
    let outcomes = transaction.writes().insert(now(), &[due(0)]).await;
    assert_eq!(outcomes.ok(), Some(vec![InsertOutcome::Inserted]));
    ticks.mark_unchanged();
    transaction.commit().await;
    assert!(ticked(bench, &mut ticks).await, "a row that is due now was committed");
    Ok(())
}
