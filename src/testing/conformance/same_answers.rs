//! Clause 10: no clock, no ids, no random numbers of its own.

use std::sync::Arc;

use super::bench::{Bench, at, due, due_each};
use crate::store::{Erase, Extension, StoreStats};
use crate::task::{NewTask, TaskState};
use crate::testing::change;

pub(super) async fn the_same_calls_give_the_same_answers(bench: &Bench) {
    let rows = due_each([0, 2, 1, -5, 40]);
    let twin = Bench::new(Arc::clone(&bench.harness)).await;
    let first = script(bench, &rows).await;
    let second = script(&twin, &rows).await;
    assert_eq!(first, second);
}

/// The same calls at the same instants; answers what was answered, in words, and the counts.
///
/// Ids of claims and entries are the caller's and differ, so the answers are taken without them.
async fn script(bench: &Bench, rows: &[NewTask]) -> (Vec<String>, StoreStats) {
    let mut answers = vec![format!("{:?}", bench.insert(rows).await)];
    let (claim, claimed) = bench.claim_due(at(3), 3).await;
    let mut told = Vec::new();
    for task in &claimed.tasks {
        let mut task = task.clone();
        task.lease = None;
        told.push(format!("{task:?}"));
    }
    answers.push(format!("{told:?} {:?}", claimed.next_wake_at));
    let hand_off = Extension::new(claimed.tasks[0].id, claim, at(60)).with_hand_off();
    answers.push(format!("{:?}", bench.extend(at(4), &[hand_off]).await));
    let sending = bench.row(claimed.tasks[0].id).await;
    let changes = [
        change(&sending).to(TaskState::Sent).ends_claim().build(),
        change(&claimed.tasks[1]).wakes(at(300)).attempts(1).ends_claim().build(),
        change(&claimed.tasks[0]).to(TaskState::Cancelled).build(),
    ];
    answers.push(format!("{:?}", bench.apply(at(5), &changes).await));
    answers.push(format!("{:?}", bench.erase(at(9), &Erase::FinishedBefore(at(9)), 1).await));
    for new in rows.iter().filter(|new| new.id != sending.id) {
        let mut row = bench.row(new.id).await;
        row.lease = None;
        answers.push(format!("{row:?}"));
    }
    let stats = bench.store.stats(at(10)).await.unwrap_or_else(|error| panic!("{error}"));
    (answers, stats)
}

pub(super) async fn the_probe_stays_the_same_and_comes_with_every_claim(bench: &Bench) {
    let probe = || async {
        let mut probe = bench.store.probe().await.unwrap_or_else(|error| panic!("{error}"));
        probe.server_time = None;
        probe
    };
    let first = probe().await;
    bench.stored(due(0)).await;
    for seconds in [0, 1] {
        let (_, mut claimed) = bench.claim_due(at(seconds), 10).await;
        claimed.probe.server_time = None;
        assert_eq!(claimed.probe, first);
    }
    assert_eq!(probe().await, first);
}
