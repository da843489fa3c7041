//! Clause 9: what an error means, and a dropped call.

use super::Verdict;
use super::bench::{Bench, at, dropped_after, due, due_each, ids, kept, now, quota};
use crate::store::{ClaimRequest, InsertOutcome, StoreErrorKind, WriteOutcome};
use crate::task::{Revision, TaskBody, TaskState};
use crate::testing::{change, claim_id};

/// A call is dropped after 0, 1, .. so many polls less one.
const POLLS: u32 = 6;

pub(super) async fn a_bad_batch_is_permanent(bench: &Bench) {
    let mut batch = due_each([0, 1]);
    batch[0].body = TaskBody::from_stored("\0".to_owned());
    let error = bench.store.insert(now(), &batch).await.err();
    assert_eq!(error.map(|error| error.kind()), Some(StoreErrorKind::Permanent));
    assert_eq!(bench.everything().await.tasks, []);
}

pub(super) async fn a_dropped_insert_is_whole_or_absent_and_can_be_repeated(bench: &Bench) {
    for polls in 0..POLLS {
        let batch = due_each([0, 1, 2]);
        dropped_after(polls, bench.store.insert(now(), &batch)).await;
        assert_eq!(bench.insert(&batch).await, vec![InsertOutcome::Inserted; 3]);
        for new in &batch {
            assert_eq!(bench.row(new.id).await.revision, Revision::FIRST);
            assert_eq!(bench.history_of(new.id).await.len(), 1);
        }
    }
}

pub(super) async fn a_dropped_change_is_whole_or_absent_and_can_be_repeated(bench: &Bench) {
    for polls in 0..POLLS {
        let row = bench.stored(due(0)).await;
        let fallback = due(30);
        let failed = [change(&row).to(TaskState::Failed).inserts(fallback.clone()).build()];
        dropped_after(polls, bench.store.apply(at(1), &failed)).await;
        let mut outcomes = bench.apply(at(1), &failed).await;
        // The dropped call may still be at it.
        while outcomes == [WriteOutcome::Busy] {
            outcomes = bench.apply(at(1), &failed).await;
        }
        assert_eq!(outcomes, [WriteOutcome::Written(Revision(2))]);
        assert_eq!(bench.row(row.id).await.revision, Revision(2));
        assert_eq!(bench.history_of(row.id).await.len(), 2);
        assert_eq!(bench.history_of(fallback.id).await.len(), 1);
    }
}

pub(super) async fn a_dropped_claim_can_be_asked_for_what_it_took(bench: &Bench) {
    for polls in 0..POLLS {
        let rows = due_each([0, 1, 2]);
        bench.insert(&rows).await;
        let request = ClaimRequest::new(claim_id(now()), at(60), vec![quota(2)]);
        let answered = dropped_after(polls, bench.store.claim(at(5), &request)).await;
        let again = bench.claim(at(6), &request.clone().repeated()).await;
        if let Some(Ok(claimed)) = answered {
            assert_eq!(claimed.tasks, again.tasks);
        }
        let (other, rest) = bench.claim_due(at(6), 10).await;
        let mut outcomes = Vec::new();
        for new in &rows {
            let row = bench.row(new.id).await;
            let holder = row.lease.map(|lease| lease.claim);
            let ours = again.tasks.contains(&row);
            assert!(!ours || holder == Some(request.claim), "what it answered, it holds");
            let expected = if ids(&rest.tasks).contains(&row.id) { other } else { request.claim };
            assert_eq!(holder, Some(expected), "each row has one holder, and is answered for");
            outcomes.push(change(&row).to(TaskState::Sent).ends_claim().build());
        }
        bench.apply(at(7), &outcomes).await;
    }
}

pub(super) async fn an_insert_of_an_uncommitted_key_waits_or_conflicts(
    bench: &Bench,
) -> Result<(), Verdict> {
    let mut transaction = bench.begin().await?;
    let (mut ours, theirs) = (due(5), due(0));
    ours.dedup_key = theirs.dedup_key.clone();
    let theirs = [theirs];
    let outcomes = transaction.writes().insert(now(), &theirs).await;
    assert_eq!(outcomes.ok(), Some(vec![InsertOutcome::Inserted]));

    let ours = [ours];
    match dropped_after(1, bench.store.insert(now(), &ours)).await {
        None => {}
        Some(Err(error)) => assert_eq!(error.kind(), StoreErrorKind::Conflict, "{error}"),
        Some(Ok(outcomes)) => panic!("nobody can know this yet: {outcomes:?}"),
    }
    transaction.commit().await;
    let outcomes = kept(|| bench.store.insert(now(), &ours)).await;
    let holder = Box::new(bench.row(theirs[0].id).await);
    assert_eq!(outcomes, [InsertOutcome::Taken(holder)]);
    Ok(())
}
