//! Clause 6: who lost a race has no effect, and spoils nothing for the others.

use super::bench::{Bench, at, due, due_each, kept, now, written};
use super::insert::bad_items;
use crate::store::{Change, Extension, WriteOutcome};
use crate::task::{Revision, TaskBody, TaskState};
use crate::testing::{change, claim_id, task_id};

pub(super) async fn a_change_of_another_revision_is_stale_and_has_no_effect(bench: &Bench) {
    let old = bench.stored(due(0)).await;
    bench.apply(at(1), &[change(&old).attempts(1).build()]).await;
    let before = bench.everything().await;
    for revision in [old.revision, Revision(3), Revision(0)] {
        let late = change(&old).expecting(revision).to(TaskState::Cancelled).inserts(due(5));
        assert_eq!(bench.apply(at(2), &[late.build()]).await, [WriteOutcome::Stale]);
    }
    assert_eq!(bench.everything().await, before);
}

pub(super) async fn an_extension_of_another_claim_is_stale_and_has_no_effect(bench: &Bench) {
    let (_, task) = bench.claimed().await;
    let free = bench.stored(due(60)).await;
    let before = bench.everything().await;
    for id in [task.id, free.id] {
        let stranger = Extension::new(id, claim_id(now()), at(600));
        for extension in [stranger.clone(), stranger.with_hand_off()] {
            assert_eq!(bench.extend(at(1), &[extension]).await, [WriteOutcome::Stale]);
        }
    }
    assert_eq!(bench.everything().await, before);
}

pub(super) async fn an_unknown_task_is_missing(bench: &Bench) {
    let (claim, mut task) = bench.claimed().await;
    let before = bench.everything().await;
    task.id = task_id(now());
    let unknown = change(&task).to(TaskState::Cancelled).inserts(due(5)).build();
    assert_eq!(bench.apply(at(1), &[unknown]).await, [WriteOutcome::Missing]);
    let unknown = Extension::new(task.id, claim, at(60)).with_hand_off();
    assert_eq!(bench.extend(at(1), &[unknown]).await, [WriteOutcome::Missing]);
    assert_eq!(bench.everything().await, before);
}

type Spoil = Box<dyn Fn(&mut Change) + Send + Sync>;

pub(super) async fn a_bad_item_is_rejected_and_the_others_are_written(bench: &Bench) {
    let mut spoilt: Vec<(&str, Spoil)> = vec![
        ("a pending row that does not wake", Box::new(|change| change.wake_at = None)),
        ("a finished row that wakes", Box::new(|change| change.state = TaskState::Sent)),
        ("an unknown state", Box::new(|change| change.state = TaskState::Unknown)),
        ("an entry of another task", Box::new(|change| change.entry.task = task_id(now()))),
        (
            "a NUL in a body",
            Box::new(|change| change.body = Some(TaskBody::from_stored("a\0b".to_owned()))),
        ),
    ];
    for (what, spoil) in bad_items() {
        let insert_bad = move |change: &mut Change| {
            let mut bad = due(0);
            spoil(&mut bad);
            change.inserts.push(bad);
        };
        spoilt.push((what, Box::new(insert_bad)));
    }
    for (what, spoil) in spoilt {
        let [first, second] = [bench.stored(due(0)).await, bench.stored(due(0)).await];
        let history = bench.history_of(first.id).await;
        let mut bad = change(&first).to(TaskState::Held).build();
        spoil(&mut bad);
        let good = change(&second).to(TaskState::Held).build();
        let outcomes = bench.apply(at(1), &[bad, good]).await;
        let expected = WriteOutcome::Written(Revision(2));
        assert!(
            matches!(&outcomes[..], [WriteOutcome::Rejected(why), good]
                if !why.is_empty() && *good == expected),
            "{what}: {outcomes:?}"
        );
        assert_eq!(bench.row(first.id).await, first, "{what}");
        assert_eq!(bench.history_of(first.id).await, history, "{what}");
        assert_eq!(bench.row(second.id).await.state, TaskState::Held, "{what}");
    }
}

pub(super) async fn of_two_changes_of_one_revision_one_is_written(bench: &Bench) {
    let rows = due_each([0, 1]);
    bench.insert(&rows).await;
    let row = bench.row(rows[0].id).await;
    let rivals =
        [change(&row).to(TaskState::Held).build(), change(&row).to(TaskState::Cancelled).build()];
    let outcomes = bench.apply(at(1), &rivals).await;
    assert_eq!(outcomes, [WriteOutcome::Written(Revision(2)), WriteOutcome::Stale]);
    assert_eq!(bench.row(row.id).await.state, TaskState::Held);
    assert_eq!(bench.history_of(row.id).await.len(), 2);
}

pub(super) async fn of_many_concurrent_changes_one_is_written(bench: &Bench) {
    let row = bench.stored(due(0)).await;
    let rival = |attempts| {
        let (store, rival) = (bench.store.clone(), change(&row).attempts(attempts).build());
        tokio::spawn(async move {
            // Where rows are locked, `Busy` says: repeat this item alone.
            loop {
                let outcomes = kept(|| store.apply(at(1), std::slice::from_ref(&rival))).await;
                if outcomes != [WriteOutcome::Busy] {
                    return (attempts, outcomes);
                }
                tokio::task::yield_now().await;
            }
        })
    };
    let rivals: Vec<_> = (1..=16).map(rival).collect();
    let mut winners = Vec::new();
    for rival in rivals {
        match rival.await.unwrap_or_else(|error| panic!("a change failed: {error}")) {
            (_, outcomes) if outcomes == [WriteOutcome::Stale] => {}
            (attempts, outcomes) => {
                assert_eq!(written(&outcomes), Revision(2));
                winners.push(attempts);
            }
        }
    }
    assert_eq!(winners, [bench.row(row.id).await.attempts], "the one that is stored");
    assert_eq!(bench.history_of(row.id).await.len(), 2);
}
