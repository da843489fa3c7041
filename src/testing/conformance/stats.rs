//! `stats` and `count_sent`: what is stored, counted.

use std::collections::BTreeMap;

use super::bench::{Bench, at, due, due_each, kept, micros, now, written};
use crate::store::{Extension, SentCount, SentQuery, SentTo, StoreStats};
use crate::task::{Channel, PersonKey, TaskState, What};
use crate::testing::{change, claim_id, new_task};

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

pub(super) async fn know_what_went_out_to_a_person_lately(bench: &Bench) {
    let of = |person: &str, channel| {
        new_task(now(), "reminder").person(person).channel(channel).due(now()).build()
    };
    let rows: Vec<_> = [
        of("ann", Channel::EMAIL),
        of("ann", Channel::EMAIL),
        of("ann", Channel::SMS),
        of("bob", Channel::EMAIL),
    ]
    .into();
    bench.insert(&rows).await;
    let mut told = Vec::new();
    for (row, seconds, what, state) in [
        (0, 10, What::Uncertain, TaskState::Scheduled),
        (0, 20, What::Sent, TaskState::Sent),
        (0, 25, What::Updated, TaskState::Sent),
        (1, 30, What::Retried, TaskState::Scheduled),
        (1, 40, What::LateResult, TaskState::Scheduled),
        (2, 50, What::Sent, TaskState::Sent),
    ] {
        let seen = bench.row(rows[row].id).await;
        let change = change(&seen).to(state).what(what).at(at(seconds)).build();
        told.extend(bench.apply(at(seconds), &[change]).await);
    }
    assert_eq!(told.len(), 6);

    let ask = |channel, person: &str, seconds| {
        SentTo::new(channel, PersonKey::from_stored(person.to_owned()), at(seconds))
    };
    let people = vec![
        ask(Channel::EMAIL, "ann", 0),
        ask(Channel::EMAIL, "ann", 10),
        ask(Channel::SMS, "ann", 0),
        ask(Channel::EMAIL, "bob", 0),
        ask(Channel::EMAIL, "nobody", 0),
        ask(Channel::EMAIL, "ann", 40),
    ];
    let count = async |seconds: i64, claim| {
        let query = SentQuery::new(claim, people.clone());
        kept(|| bench.store.count_sent(at(seconds), &query)).await
    };
    let none = SentCount::default();
    let expected = [
        SentCount::new(3, Some(at(10)), 0),
        SentCount::new(2, Some(at(20)), 0),
        SentCount::new(1, Some(at(50)), 0),
        none,
        none,
        none,
    ];
    assert_eq!(count(60, claim_id(at(60))).await, expected);

    let (claim, claimed) = bench.claim_due(at(60), 10).await;
    assert_eq!(claimed.tasks.len(), 2, "Ann's second and Bob's");
    assert_eq!(count(60, claim).await, expected, "its own claim is not under way");
    let others = |seconds| count(seconds, claim_id(at(60)));
    let under_way = |counts: &[SentCount]| counts.iter().map(|c| c.under_way).collect::<Vec<_>>();
    assert_eq!(under_way(&others(60).await), [1, 1, 0, 1, 0, 1]);
    assert_eq!(under_way(&others(90).await), [0; 6], "the leases are over");
    let hand_off = Extension::new(rows[3].id, claim, at(95)).with_hand_off();
    written(&bench.extend(at(65), &[hand_off]).await);
    assert_eq!(under_way(&others(99).await), [0, 0, 0, 1, 0, 0], "handed off, and nothing known");
    let query = SentQuery::new(claim, Vec::new());
    assert_eq!(kept(|| bench.store.count_sent(at(99), &query)).await, []);
}
