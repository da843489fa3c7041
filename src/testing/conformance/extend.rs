//! Clause 7: leases and the mark of the hand-off.

use super::bench::{Bench, at, ids, micros, written};
use crate::store::{Extension, WriteOutcome};
use crate::task::{Lease, TaskState};
use crate::testing::change;

pub(super) async fn lengthens_the_lease_and_keeps_the_revision(bench: &Bench) {
    let (claim, task) = bench.claimed().await;
    let history = bench.history_of(task.id).await;
    let until = micros(65_432_100);
    let outcomes = bench.extend(at(10), &[Extension::new(task.id, claim, until)]).await;
    assert_eq!(written(&outcomes), task.revision);

    let mut expected = task.clone();
    expected.lease = Some(Lease { claim, until });
    let found = bench.row(task.id).await;
    expected.updated_at = found.updated_at;
    assert_eq!(found, expected);
    assert_eq!(bench.history_of(task.id).await, history, "a renewal is no news");
}

pub(super) async fn a_hand_off_marks_the_row(bench: &Bench) {
    let (claim, task) = bench.claimed().await;
    let history = bench.history_of(task.id).await;
    let hand_off = Extension::new(task.id, claim, at(60)).with_hand_off();
    let outcomes = bench.extend(micros(5_000_001), &[hand_off]).await;
    assert_eq!(written(&outcomes), task.revision.next());

    let mut expected = task.clone();
    expected.lease = Some(Lease { claim, until: at(60) });
    expected.state = TaskState::Sending;
    expected.handed_off_at = Some(micros(5_000_001));
    expected.revision = task.revision.next();
    let found = bench.row(task.id).await;
    expected.updated_at = found.updated_at;
    assert_eq!(found, expected);
    assert_eq!(bench.history_of(task.id).await, history);
}

pub(super) async fn a_hand_off_makes_a_racing_cancel_lose(bench: &Bench) {
    let (claim, task) = bench.claimed().await;
    let hand_off = Extension::new(task.id, claim, at(60)).with_hand_off();
    bench.extend(at(5), &[hand_off]).await;
    let cancel = change(&task).to(TaskState::Cancelled).build();
    assert_eq!(bench.apply(at(6), &[cancel]).await, [WriteOutcome::Stale]);
    assert_eq!(bench.row(task.id).await.state, TaskState::Sending);
}

pub(super) async fn a_second_hand_off_only_extends(bench: &Bench) {
    let (claim, task) = bench.claimed().await;
    let hand_off = |until| [Extension::new(task.id, claim, until).with_hand_off()];
    let first = written(&bench.extend(at(5), &hand_off(at(60))).await);
    let second = written(&bench.extend(at(6), &hand_off(at(70))).await);
    assert_eq!(second, first);
    let found = bench.row(task.id).await;
    assert_eq!((found.handed_off_at, found.revision), (Some(at(5)), first));
    assert_eq!(found.lease, Some(Lease { claim, until: at(70) }));
}

pub(super) async fn a_lease_that_is_over_but_untaken_is_still_held(bench: &Bench) {
    let (claim, task) = bench.claimed().await;
    let late = Extension::new(task.id, claim, at(1_000)).with_hand_off();
    assert_eq!(written(&bench.extend(at(900), &[late]).await), task.revision.next());
    let (_, claimed) = bench.claim_due(at(901), 10).await;
    assert_eq!(claimed.tasks, [], "it lives again");
}

pub(super) async fn a_lease_that_was_taken_over_is_lost(bench: &Bench) {
    let (first, task) = bench.claimed().await;
    let (second, claimed) = bench.claim_due(at(31), 10).await;
    assert_eq!(ids(&claimed.tasks), [task.id]);
    let before = bench.everything().await;
    for extension in [Extension::new(task.id, first, at(99)).with_hand_off()] {
        assert_eq!(bench.extend(at(32), &[extension]).await, [WriteOutcome::Stale]);
    }
    assert_eq!(bench.everything().await, before);
    let ours = Extension::new(task.id, second, at(99));
    assert_eq!(written(&bench.extend(at(32), &[ours]).await), claimed.tasks[0].revision);
}

pub(super) async fn an_outcome_ends_the_lease(bench: &Bench) {
    let (claim, task) = bench.claimed().await;
    let retried = change(&task).wakes(at(300)).attempts(1).ends_claim().build();
    bench.apply(at(5), &[retried]).await;
    let late = Extension::new(task.id, claim, at(99)).with_hand_off();
    assert_eq!(bench.extend(at(6), &[late]).await, [WriteOutcome::Stale]);
}
