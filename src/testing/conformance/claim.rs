//! Clause 3: which rows a claim takes.

use std::collections::BTreeSet;

use super::bench::{Bench, at, due, due_each, ids, kept, micros, new_ids, now, quota};
use crate::store::{ClaimRequest, Extension, Quota};
use crate::task::{Channel, Priority, TaskState};
use crate::testing::{change, claim_id, new_task};

pub(super) async fn takes_what_is_due_and_nothing_else(bench: &Bench) {
    let just_due = new_task(now(), "reminder").due(at(10)).build();
    let not_yet = new_task(now(), "reminder").due(micros(10_000_001)).build();
    let overdue = due(-3_600);
    bench.insert(&[just_due.clone(), not_yet, overdue.clone()]).await;
    let (_, claimed) = bench.claim_due(at(10), 10).await;
    assert_eq!(ids(&claimed.tasks), [overdue.id, just_due.id]);
}

pub(super) async fn a_lease_is_live_until_its_end(bench: &Bench) {
    let (first, task) = bench.claimed().await;
    let longer = [Extension::new(task.id, first, micros(30_000_000))];
    bench.extend(now(), &longer).await;
    let (_, early) = bench.claim_due(micros(29_999_999), 10).await;
    assert_eq!(early.tasks, [], "the lease lives for another microsecond");
    let (second, late) = bench.claim_due(micros(30_000_000), 10).await;
    assert_eq!(ids(&late.tasks), [task.id], "its end no longer lies after now");
    assert_eq!(late.tasks[0].lease.map(|lease| lease.claim), Some(second));
}

pub(super) async fn takes_the_earliest_by_wake_and_id(bench: &Bench) {
    let rows = due_each([-5, -60, -5, -30, -5]);
    bench.insert(&rows).await;
    let (_, claimed) = bench.claim_due(now(), 3).await;
    assert_eq!(ids(&claimed.tasks), [rows[1].id, rows[3].id, rows[0].id]);
    let (_, claimed) = bench.claim_due(now(), 3).await;
    assert_eq!(ids(&claimed.tasks), [rows[2].id, rows[4].id]);
}

pub(super) async fn the_wake_counts_and_not_the_due_time(bench: &Bench) {
    let due_but_asleep = new_task(now(), "reminder").due(at(-10)).wakes(at(10)).build();
    let awake_but_not_due = new_task(now(), "reminder").due(at(10)).wakes(at(-10)).build();
    bench.insert(&[due_but_asleep, awake_but_not_due.clone()]).await;
    let (_, claimed) = bench.claim_due(now(), 10).await;
    assert_eq!(ids(&claimed.tasks), [awake_but_not_due.id]);
}

pub(super) async fn takes_at_most_each_quotas_limit(bench: &Bench) {
    bench.insert(&due_each([0, 0, 0, 0, 0])).await;
    for (limit, expected) in [(0, 0), (1, 1), (2, 2), (500, 2), (500, 0)] {
        let (_, claimed) = bench.claim_due(now(), limit).await;
        assert_eq!(claimed.tasks.len(), expected, "with a limit of {limit}");
    }
}

pub(super) async fn channels_and_priorities_have_quotas_of_their_own(bench: &Bench) {
    let on =
        |channel, priority| new_task(now(), "reminder").channel(channel).priority(priority).build();
    let email = [0, 1, 2].map(|_| on(Channel::EMAIL, Priority::Normal));
    let urgent = [0, 1, 2].map(|_| on(Channel::EMAIL, Priority::High));
    let sms = [0, 1, 2].map(|_| on(Channel::SMS, Priority::Normal));
    let webhook = on(Channel::WEBHOOK, Priority::Normal);
    bench.insert(&[&email[..], &urgent, &sms, &[webhook]].concat()).await;

    let quotas = vec![
        Quota::new(Channel::EMAIL, Priority::Normal, 1),
        Quota::new(Channel::EMAIL, Priority::High, 2),
        Quota::new(Channel::SMS, Priority::Normal, 3),
        Quota::new(Channel::WEBHOOK, Priority::Normal, 0),
    ];
    let request = ClaimRequest::new(claim_id(now()), at(30), quotas);
    let claimed = bench.claim(now(), &request).await;
    let expected = [&email[..1], &urgent[..2], &sms].concat();
    let expected: BTreeSet<_> = new_ids(&expected).into_iter().collect();
    assert_eq!(ids(&claimed.tasks).into_iter().collect::<BTreeSet<_>>(), expected);

    let nothing = ClaimRequest::new(claim_id(now()), at(30), Vec::new());
    assert_eq!(bench.claim(now(), &nothing).await.tasks, [], "nothing was asked for");
}

pub(super) async fn takes_held_rows_that_wake_and_never_finished_ones(bench: &Bench) {
    let held = bench.stored(due(0)).await;
    let sent = bench.stored(due(0)).await;
    let changes = [
        change(&held).to(TaskState::Held).build(),
        change(&sent).to(TaskState::Sent).ends_claim().build(),
    ];
    bench.apply(now(), &changes).await;
    let (_, claimed) = bench.claim_due(at(1_000_000), 10).await;
    assert_eq!(ids(&claimed.tasks), [held.id]);
}

pub(super) async fn concurrent_claims_never_share_a_task(bench: &Bench) {
    let rows = due_each([0; 64]);
    bench.insert(&rows).await;
    let worker = |_| {
        let store = bench.store.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            loop {
                let request = ClaimRequest::new(claim_id(now()), at(30), vec![quota(5)]);
                let claimed = kept(|| store.claim(now(), &request)).await;
                if claimed.tasks.is_empty() {
                    return taken;
                }
                taken.extend(ids(&claimed.tasks));
                assert!(taken.len() <= 64, "more than there is");
                tokio::task::yield_now().await;
            }
        })
    };
    let workers: Vec<_> = (0..8).map(worker).collect();
    let mut taken = Vec::new();
    for worker in workers {
        taken.extend(worker.await.unwrap_or_else(|error| panic!("a claim failed: {error}")));
    }
    taken.sort_unstable();
    let mut expected = new_ids(&rows);
    expected.sort_unstable();
    assert_eq!(taken, expected, "each row once");
}
