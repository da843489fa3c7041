//! Clause 5: when to claim again.

use super::bench::{Bench, at, due, due_each, now, quota};
use crate::store::{ClaimRequest, Extension, Quota};
use crate::task::{Channel, Priority, TaskState};
use crate::testing::{change, claim_id, new_task};

pub(super) async fn is_now_when_a_quota_was_filled(bench: &Bench) {
    bench.insert(&due_each([-3, -2, -1])).await;
    let (_, claimed) = bench.claim_due(now(), 2).await;
    assert_eq!(claimed.next_wake_at, Some(now()), "one more is waiting");
    let (_, claimed) = bench.claim_due(at(1), 1).await;
    assert_eq!(claimed.next_wake_at, Some(at(1)), "it was filled, so there may be more");
}

pub(super) async fn is_now_when_a_row_was_left_out(bench: &Bench) {
    bench.insert(&due_each([-3, -2])).await;
    for minute in [0, 60] {
        bench.claim_due(at(minute), 10).await;
    }
    let (_, claimed) = bench.claim_due(at(120), 10).await;
    assert_eq!((claimed.tasks.len(), claimed.next_wake_at), (1, Some(at(120))));
}

pub(super) async fn is_the_next_wake_else(bench: &Bench) {
    bench.insert(&due_each([7_200, 3_600, 9_999])).await;
    let (_, claimed) = bench.claim_due(now(), 10).await;
    assert_eq!(claimed.tasks, []);
    assert_eq!(claimed.next_wake_at, Some(at(3_600)));
}

pub(super) async fn is_the_end_of_a_lease_that_comes_first(bench: &Bench) {
    let (claim, task) = bench.claimed().await;
    bench.stored(due(3_600)).await;
    bench.extend(at(1), &[Extension::new(task.id, claim, at(45))]).await;
    let (_, claimed) = bench.claim_due(at(2), 10).await;
    assert_eq!(claimed.next_wake_at, Some(at(45)));

    let outcome = change(&bench.row(task.id).await).to(TaskState::Sent).ends_claim().build();
    bench.apply(at(3), &[outcome]).await;
    let (_, claimed) = bench.claim_due(at(4), 10).await;
    assert_eq!(claimed.next_wake_at, Some(at(3_600)), "the lease is gone");
}

pub(super) async fn counts_the_leases_just_given(bench: &Bench) {
    bench.insert(&due_each([0, 3_600])).await;
    let (_, claimed) = bench.claim_due(at(5), 10).await;
    assert_eq!((claimed.tasks.len(), claimed.next_wake_at), (1, Some(at(35))));
    let (_, claimed) = bench.claim_due(at(6), 10).await;
    assert_eq!((claimed.tasks.len(), claimed.next_wake_at), (0, Some(at(35))));
}

pub(super) async fn counts_only_channels_and_priorities_with_a_quota(bench: &Bench) {
    let on = |seconds, channel, priority| {
        let new = new_task(now(), "reminder").channel(channel).priority(priority);
        new.due(at(seconds)).build()
    };
    let rows = [
        on(-1, Channel::SMS, Priority::Normal),
        on(100, Channel::WEBHOOK, Priority::Normal),
        on(200, Channel::EMAIL, Priority::High),
        on(300, Channel::EMAIL, Priority::Normal),
    ];
    bench.insert(&rows).await;
    let quotas = vec![Quota::new(Channel::WEBHOOK, Priority::Normal, 0), quota(10)];
    let claimed = bench.claim(now(), &ClaimRequest::new(claim_id(now()), at(30), quotas)).await;
    assert_eq!((claimed.tasks.len(), claimed.next_wake_at), (0, Some(at(300))));
}

pub(super) async fn is_none_when_nothing_waits(bench: &Bench) {
    let (_, claimed) = bench.claim_due(now(), 10).await;
    assert_eq!((claimed.tasks.len(), claimed.next_wake_at), (0, None));
    let row = bench.stored(due(3_600)).await;
    bench.apply(at(1), &[change(&row).to(TaskState::Cancelled).build()]).await;
    let (_, claimed) = bench.claim_due(at(2), 10).await;
    assert_eq!((claimed.tasks.len(), claimed.next_wake_at), (0, None));
}
