//! `stats`: what is stored, counted.

use std::collections::BTreeMap;

use super::bench::{Bench, at, due, due_each, micros, now};
use crate::store::StoreStats;
use crate::task::{Channel, TaskState};
use crate::testing::{change, new_task};

async fn stats(bench: &Bench, seconds: i64) -> StoreStats {
    bench.store.stats(at(seconds)).await.unwrap_or_else(|error| panic!("{error}"))
}

pub(super) async fn count_rows_by_state_kind_and_channel(bench: &Bench) {
    let empty = stats(bench, 0).await;
    assert_eq!(empty, StoreStats::default());
    let of = |kind, channel| new_task(now(), kind).channel(channel).build();
    let rows = [
        of("reminder", Channel::EMAIL),
        of("reminder", Channel::EMAIL),
        of("reminder", Channel::SMS),
        of("receipt", Channel::EMAIL),
    ];
    bench.insert(&rows).await;
    let first = bench.row(rows[0].id).await;
    bench.apply(at(1), &[change(&first).to(TaskState::Sent).build()]).await;
    let stats = stats(bench, 2).await;
    let counts: BTreeMap<_, _> = (stats.tasks.iter())
        .map(|one| ((one.state, one.kind.as_str(), one.channel.as_str()), one.count))
        .collect();
    assert_eq!(counts.len(), stats.tasks.len(), "each combination once");
    let expected = BTreeMap::from([
        ((TaskState::Scheduled, "reminder", "email"), 1),
        ((TaskState::Scheduled, "reminder", "sms"), 1),
        ((TaskState::Scheduled, "receipt", "email"), 1),
        ((TaskState::Sent, "reminder", "email"), 1),
    ]);
    assert_eq!(counts, expected);
    assert_eq!(stats.entries, 5);
}

pub(super) async fn know_what_is_overdue_leased_and_next(bench: &Bench) {
    let asleep = new_task(now(), "reminder").due(at(-50)).wakes(at(70)).build();
    bench.insert(&[asleep]).await;
    bench.insert(&due_each([-20, -10, 10, 500])).await;
    let done = bench.stored(due(-900)).await;
    bench.apply(now(), &[change(&done).to(TaskState::Sent).build()]).await;
    bench.claim_due(now(), 1).await;

    let early = stats(bench, 0).await;
    assert_eq!((early.overdue, early.leased), (3, 1));
    assert_eq!((early.oldest_due_at, early.next_wake_at), (Some(at(-50)), Some(at(-20))));
    let late = stats(bench, 30).await;
    assert_eq!((late.overdue, late.leased), (4, 0), "the lease is over, another row is due");
    let just = bench.store.stats(micros(9_999_999)).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(just.overdue, 3, "due in a microsecond is not overdue");
}
