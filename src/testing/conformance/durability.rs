//! Clause 14: what was answered is on disk, and `probe` says so.

use super::Verdict;
use super::bench::{Bench, at, due, due_each, now, quota, written};
use crate::store::{ClaimRequest, Durability, Erase, Extension, NoteWrite, Probe};
use crate::task::{Revision, TaskState};
use crate::testing::change;

/// The same data opened again, where the store says that it keeps it.
async fn reopened(bench: &Bench) -> Result<Bench, Verdict> {
    let before = probe(bench).await;
    if before.durability == Durability::Volatile {
        return Err(Verdict::NotApplicable("the store says that it keeps nothing"));
    }
    let again = bench.reopened().await?;
    assert_eq!(probe(&again).await, before, "it is the same database");
    Ok(again)
}

async fn probe(bench: &Bench) -> Probe {
    let mut probe = bench.store.probe().await.unwrap_or_else(|error| panic!("{error}"));
    probe.server_time = None;
    probe
}

pub(super) async fn what_was_answered_is_there_when_it_is_opened_again(
    bench: &Bench,
) -> Result<(), Verdict> {
    let rows = due_each([0, 5, 10]);
    bench.insert(&rows).await;
    let first = bench.row(rows[0].id).await;
    let failed = change(&first).to(TaskState::Failed).last_error("550").inserts(due(20)).build();
    bench.apply(at(1), std::slice::from_ref(&failed)).await;
    let before = bench.everything().await;
    assert_eq!(before.tasks.len(), 4);
    let again = reopened(bench).await?;
    assert_eq!(again.everything().await, before);
    let outcomes = again.apply(at(2), &[failed]).await;
    assert_eq!(written(&outcomes), Revision(2), "a repeat is still known as one");
    assert_eq!(again.everything().await, before);
    Ok(())
}

pub(super) async fn leases_and_marks_are_there_when_it_is_opened_again(
    bench: &Bench,
) -> Result<(), Verdict> {
    let (claim, task) = bench.claimed().await;
    bench.extend(at(2), &[Extension::new(task.id, claim, at(40)).with_hand_off()]).await;
    let sending = bench.row(task.id).await;
    let again = reopened(bench).await?;
    assert_eq!(again.row(task.id).await, sending);
    let (_, claimed) = again.claim_due(at(39), 10).await;
    assert_eq!((claimed.tasks.len(), claimed.next_wake_at), (0, Some(at(40))));
    let repeated = ClaimRequest::new(claim, at(40), vec![quota(1)]).repeated();
    assert_eq!(again.claim(at(39), &repeated).await.tasks, [sending]);
    Ok(())
}

pub(super) async fn notes_and_counters_are_there_when_it_is_opened_again(
    bench: &Bench,
) -> Result<(), Verdict> {
    let row = bench.stored(due(0)).await;
    bench.apply(now(), &[change(&row).to(TaskState::Sent).build()]).await;
    bench.erase(at(10), &Erase::FinishedBefore(at(10)), 10).await;
    let name = ["breaker/email".to_owned()];
    if let Some(notes) = bench.store.notes() {
        let open = NoteWrite::new(&name[0], None, Some("open".to_owned()));
        let _ = notes.write_note(now(), &open).await;
    }
    let before = bench.store.stats(at(10)).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(before.erased.tasks.get(&TaskState::Sent), Some(&1));
    let again = reopened(bench).await?;
    let after = again.store.stats(at(10)).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(after, before);
    if let (Some(old), Some(new)) = (bench.store.notes(), again.store.notes()) {
        let old = old.read_notes(&name).await.unwrap_or_else(|error| panic!("{error}"));
        let new = new.read_notes(&name).await.unwrap_or_else(|error| panic!("{error}"));
        assert!(old[0].is_some());
        assert_eq!(new, old);
    }
    Ok(())
}
