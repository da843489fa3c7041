//! `list`: filters, orders, pages.

use super::bench::{Bench, at, due, due_each, ids, micros, now};
use crate::store::{TaskFilter, TaskOrder, TaskQuery};
use crate::task::{Channel, Kind, PersonKey, Subject, TaskState};
use crate::testing::{change, new_task, task_id};

async fn found(bench: &Bench, filter: TaskFilter) -> Vec<crate::task::TaskId> {
    ids(&bench.list(&TaskQuery::new(filter, 100)).await)
}

pub(super) async fn every_filter_finds_its_own(bench: &Bench) {
    let a = new_task(now(), "reminder").about(Subject::new("booking", 1)).person("kim");
    let a = bench.stored(a.due(at(100)).build()).await;
    let b = new_task(now(), "receipt").about(Subject::new("order", 1)).person("lee");
    let b = bench.stored(b.channel(Channel::SMS).due(at(200)).build()).await;
    let c = new_task(now(), "receipt").about(Subject::new("booking", 2)).person("kim");
    let c = bench.stored(c.due(at(300)).state(TaskState::Skipped).build()).await;
    bench.apply(at(1), &[change(&b).to(TaskState::Held).build()]).await;

    let none = TaskFilter::default;
    let unknown = task_id(now());
    let table = [
        ("nothing", none(), vec![a.id, b.id, c.id]),
        ("ids", TaskFilter::ids([c.id, unknown, a.id]), vec![a.id, c.id]),
        ("an id twice", TaskFilter::ids([b.id, b.id]), vec![b.id]),
        ("keys", TaskFilter::keys([c.dedup_key.clone(), b.dedup_key.clone()]), vec![b.id, c.id]),
        ("subject", TaskFilter::subject(Subject::new("booking", 1)), vec![a.id]),
        ("person", TaskFilter::person(PersonKey::from_stored("kim".to_owned())), vec![a.id, c.id]),
        (
            "kind",
            TaskFilter { kind: Some(Kind::from_stored("receipt".to_owned())), ..none() },
            vec![b.id, c.id],
        ),
        ("channel", TaskFilter { channel: Some(Channel::SMS), ..none() }, vec![b.id]),
        (
            "states",
            TaskFilter { states: Some(vec![TaskState::Held, TaskState::Skipped]), ..none() },
            vec![b.id, c.id],
        ),
        ("no state", TaskFilter { states: Some(Vec::new()), ..none() }, vec![]),
        ("pending", TaskFilter { pending: Some(true), ..none() }, vec![a.id, b.id]),
        ("finished", TaskFilter { pending: Some(false), ..none() }, vec![c.id]),
        ("due from", TaskFilter { due_from: Some(at(200)), ..none() }, vec![b.id, c.id]),
        ("due before", TaskFilter { due_before: Some(at(200)), ..none() }, vec![a.id]),
        (
            "due within",
            TaskFilter { due_from: Some(at(100)), due_before: Some(micros(200_000_001)), ..none() },
            vec![a.id, b.id],
        ),
    ];
    for (what, filter, expected) in table {
        assert_eq!(found(bench, filter).await, expected, "by {what}");
    }
}

pub(super) async fn filters_hold_together(bench: &Bench) {
    let of = |person| new_task(now(), "reminder").about(Subject::new("booking", 1)).person(person);
    let kim = bench.stored(of("kim").build()).await;
    let lee = bench.stored(of("lee").build()).await;
    let both = TaskFilter {
        subject: Some(Subject::new("booking", 1)),
        person: Some(kim.person.clone()),
        kind: Some(kim.kind.clone()),
        channel: Some(Channel::EMAIL),
        states: Some(vec![TaskState::Scheduled]),
        pending: Some(true),
        due_from: Some(now()),
        due_before: Some(at(1)),
        ..TaskFilter::default()
    };
    assert_eq!(found(bench, both.clone()).await, [kim.id]);
    let with_ids = TaskFilter { ids: Some(vec![lee.id]), ..both.clone() };
    assert_eq!(found(bench, with_ids).await, []);
    let with_keys = TaskFilter { keys: Some(vec![kim.dedup_key.clone()]), ..both };
    assert_eq!(found(bench, with_keys).await, [kim.id]);
}

pub(super) async fn an_empty_list_of_ids_finds_nothing(bench: &Bench) {
    bench.stored(due(0)).await;
    assert_eq!(found(bench, TaskFilter::ids([])).await, []);
    assert_eq!(found(bench, TaskFilter::keys([])).await, []);
}

pub(super) async fn pages_walk_through_everything_in_either_order(bench: &Bench) {
    let rows = due_each([50, 10, 30, 10, 50, 10, 20]);
    bench.insert(&rows).await;
    let mut by_id: Vec<_> = rows.iter().map(|new| new.id).collect();
    by_id.sort_unstable();
    let mut by_due: Vec<_> = rows.iter().map(|new| (new.due_at, new.id)).collect();
    by_due.sort_unstable();
    let by_due: Vec<_> = by_due.into_iter().map(|(_, id)| id).collect();
    for (order, expected) in [(TaskOrder::Id, by_id), (TaskOrder::DueAt, by_due)] {
        for limit in [1, 2, 3, 7, 100] {
            let mut query = TaskQuery::new(TaskFilter::default(), limit).in_order(order);
            let mut walked = Vec::new();
            loop {
                let page = bench.list(&query).await;
                assert!(page.len() <= limit as usize);
                let Some(last) = page.last() else { break };
                query = query.after(last);
                walked.extend(ids(&page));
                assert!(walked.len() <= expected.len(), "{order:?}: more than there is");
            }
            assert_eq!(walked, expected, "{order:?}, {limit} at a time");
        }
    }
}
