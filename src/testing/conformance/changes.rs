//! Clause 7: what a change writes.

use super::bench::{Bench, at, due, ids, micros, now, written};
use crate::store::{Change, Extension, StoredEntry, Times};
use crate::task::{Priority, Reason, Revision, Task, TaskState, What};
use crate::testing::{change, claim_id};

/// Applies `change` at `at(9)` and asserts that row and history are what it says.
async fn applied(bench: &Bench, before: &Task, change: Change) -> Task {
    let mut expected = before.clone();
    change.write_into(at(9), &mut expected);
    let mut history = bench.history_of(before.id).await;
    history.push(StoredEntry::new(change.entry.clone(), expected.revision));
    let outcomes = bench.apply(at(9), &[change]).await;
    assert_eq!(written(&outcomes), before.revision.next(), "the revision grows by one");
    assert_eq!(bench.row(before.id).await, expected);
    assert_eq!(bench.history_of(before.id).await, history);
    expected
}

pub(super) async fn a_change_writes_what_it_says_and_nothing_else(bench: &Bench) {
    let (_, task) = bench.claimed().await;
    let other = bench.stored(due(5)).await;
    let all = change(&task)
        .to(TaskState::Held)
        .at(micros(8_123_456))
        .wakes(at(4_000))
        .times(Times::new(Some(at(9_000)), micros(3_600_000_001), at(8_000)))
        .priority(Priority::High)
        .attempts(3)
        .last_error("451 4.7.1 come back later")
        .recipient("k***@e***.com")
        .data(r#"{"court":8}"#)
        .body("{\"version\":1}\n{\"new\":true}")
        .because(Reason::UncertainHeld)
        .detail("nobody knows")
        .ends_claim()
        .build();
    let written = applied(bench, &task, all).await;
    assert_eq!(written.created_at, task.created_at);
    assert_eq!(bench.row(other.id).await, other, "other rows stay as they are");

    let cleared = change(&written).times(Times::new(None, at(3_600), at(8_000))).build();
    let cleared = Change { last_error: None, ..cleared };
    let written = applied(bench, &written, cleared).await;
    assert_eq!((written.event_at, written.last_error), (None, None));
}

pub(super) async fn a_change_that_says_nothing_writes_its_entry_only(bench: &Bench) {
    let row = bench.stored(due(0)).await;
    let sent = applied(bench, &row, change(&row).to(TaskState::Sent).ends_claim().build()).await;
    let late = change(&sent).what(What::LateResult).at(at(8)).build();
    let after = applied(bench, &sent, late).await;
    assert_eq!(after.state, TaskState::Sent);
}

pub(super) async fn every_state_sets_its_finish_and_clears_its_mark(bench: &Bench) {
    for state in TaskState::ALL {
        let row = bench.stored(due(0)).await;
        let (claim, _) = bench.claim_due(now(), 10).await;
        bench.extend(at(2), &[Extension::new(row.id, claim, at(30)).with_hand_off()]).await;
        let sending = bench.row(row.id).await;
        assert_eq!(sending.handed_off_at, Some(at(2)));

        let after = applied(bench, &sending, change(&sending).to(state).build()).await;
        assert_eq!(after.finished_at, state.is_finished().then_some(at(9)), "{state}");
        let mark = (state == TaskState::Sending).then_some(at(2));
        assert_eq!(after.handed_off_at, mark, "{state}");

        let reopened = change(&after).to(TaskState::Scheduled).wakes(at(90)).ends_claim().build();
        let reopened = applied(bench, &after, reopened).await;
        assert_eq!((reopened.finished_at, reopened.handed_off_at), (None, None), "{state}");
    }
}

pub(super) async fn the_lease_is_kept_or_ended_as_the_change_says(bench: &Bench) {
    let (_, task) = bench.claimed().await;
    let kept = applied(bench, &task, change(&task).attempts(1).build()).await;
    assert_eq!((kept.lease, kept.unfinished_claims), (task.lease, 1));
    let cleared = applied(bench, &kept, change(&kept).ends_claim().build()).await;
    assert_eq!((cleared.lease, cleared.unfinished_claims), (None, 0));
    let (_, claimed) = bench.claim_due(at(10), 10).await;
    assert_eq!(ids(&claimed.tasks), [task.id], "and it is free at once");
}

pub(super) async fn inserts_are_stored_with_their_change(bench: &Bench) {
    let row = bench.stored(due(0)).await;
    let [first, second] = [due(30), due(20)];
    let failed = change(&row).to(TaskState::Failed).inserts(first.clone()).inserts(second.clone());
    applied(bench, &row, failed.build()).await;
    for new in [first, second] {
        assert_eq!(bench.row(new.id).await, Task::from_new(at(9), &new));
        let entry = StoredEntry::new(new.entry.clone(), Revision::FIRST);
        assert_eq!(bench.history_of(new.id).await, [entry]);
    }
}

pub(super) async fn an_insert_with_a_taken_key_is_left_out_and_the_change_stands(bench: &Bench) {
    let row = bench.stored(due(0)).await;
    let holder = bench.stored(due(10)).await;
    let [mut taken, free] = [due(20), due(30)];
    taken.dedup_key = holder.dedup_key.clone();
    let failed = change(&row).to(TaskState::Failed).inserts(taken.clone()).inserts(free.clone());
    applied(bench, &row, failed.build()).await;
    assert_eq!(bench.row(holder.id).await, holder);
    assert_eq!(bench.history_of(taken.id).await, [], "no trace of what was left out");
    assert_eq!(bench.row(free.id).await, Task::from_new(at(9), &free));
}

pub(super) async fn a_change_that_loses_inserts_nothing(bench: &Bench) {
    let row = bench.stored(due(0)).await;
    let before = bench.everything().await;
    let late = change(&row).expecting(Revision(9)).to(TaskState::Failed).inserts(due(5)).build();
    bench.apply(at(1), &[late]).await;
    assert_eq!(bench.everything().await, before);
}

pub(super) async fn a_changed_wake_moves_the_row_in_the_queue(bench: &Bench) {
    let row = bench.stored(due(0)).await;
    let later = applied(bench, &row, change(&row).wakes(at(500)).build()).await;
    let (_, claimed) = bench.claim_due(at(499), 10).await;
    assert_eq!((claimed.tasks.len(), claimed.next_wake_at), (0, Some(at(500))));
    let urgent = change(&later).wakes(at(400)).priority(Priority::High).build();
    applied(bench, &later, urgent).await;
    let (_, claimed) = bench.claim_due(at(500), 10).await;
    assert_eq!((claimed.tasks.len(), claimed.next_wake_at), (0, None), "in another queue now");
    let quota = crate::store::Quota::new(row.channel.clone(), Priority::High, 10);
    let request = crate::store::ClaimRequest::new(claim_id(now()), at(530), vec![quota]);
    assert_eq!(ids(&bench.claim(at(400), &request).await.tasks), [row.id]);
}
