//! Clause 2: `insert`.

use super::bench::{Bench, at, due, due_each, micros, now};
use crate::store::{InsertOutcome, StoreErrorKind, StoredEntry};
use crate::task::{
    Channel, Limits, NewTask, Priority, Revision, Subject, Task, TaskBody, TaskState,
};
use crate::testing::{change, new_task, task_id};

pub(super) async fn a_new_row_is_stored_as_it_is(bench: &Bench) {
    let new = new_task(now(), "reminder_24h")
        .about(Subject::new("booking", 123))
        .person("user 5")
        .channel(Channel::SMS)
        .priority(Priority::High)
        .event(at(90_000))
        .due(at(3_600))
        .wakes(at(1_800))
        .expires(at(80_000))
        .recipient("+49***1234")
        .data(r#"{"court":7}"#)
        .body("{\"version\":1}\n{}")
        .build();
    let inserted_at = micros(123_456);
    let outcomes = bench.store.insert(inserted_at, std::slice::from_ref(&new)).await;
    assert_eq!(outcomes.ok(), Some(vec![InsertOutcome::Inserted]));
    assert_eq!(bench.row(new.id).await, Task::from_new(inserted_at, &new));
}

pub(super) async fn its_first_entry_stands_beside_it(bench: &Bench) {
    let mut new = due(0);
    new.entry.detail = Some("on behalf of the host".into());
    new.entry.until = Some(new.due_at);
    bench.insert(std::slice::from_ref(&new)).await;
    let expected = StoredEntry::new(new.entry.clone(), Revision::FIRST);
    assert_eq!(bench.history_of(new.id).await, [expected]);
}

pub(super) async fn a_row_may_be_born_finished(bench: &Bench) {
    let new = new_task(now(), "reminder").state(TaskState::Skipped).build();
    let row = bench.stored(new).await;
    assert_eq!((row.state, row.wake_at), (TaskState::Skipped, None));
    assert_eq!(row.finished_at, Some(now()));
}

pub(super) async fn a_taken_key_answers_its_holder_and_changes_nothing(bench: &Bench) {
    let holder = bench.stored(due(10)).await;
    let before = bench.everything().await;
    let mut second = due(99);
    second.dedup_key = holder.dedup_key.clone();
    let outcomes = bench.insert(&[second]).await;
    assert_eq!(outcomes, [InsertOutcome::Taken(Box::new(holder))]);
    assert_eq!(bench.everything().await, before);
}

pub(super) async fn a_finished_holder_still_holds_its_key(bench: &Bench) {
    let holder = bench.stored(due(0)).await;
    bench.apply(at(1), &[change(&holder).to(TaskState::Cancelled).build()]).await;
    let holder = bench.row(holder.id).await;
    let mut second = due(0);
    second.dedup_key = holder.dedup_key.clone();
    let outcomes = bench.insert(&[second]).await;
    assert_eq!(outcomes, [InsertOutcome::Taken(Box::new(holder))]);
}

pub(super) async fn a_bad_item_is_named_by_its_index_and_nothing_is_stored(bench: &Bench) {
    for (what, spoil) in bad_items() {
        let mut batch = due_each([0, 1, 2]);
        spoil(&mut batch[1]);
        let error = match bench.store.insert(now(), &batch).await {
            Ok(outcomes) => panic!("{what} was accepted: {outcomes:?}"),
            Err(error) => error,
        };
        assert_eq!(error.kind(), StoreErrorKind::Permanent, "{what}: {error}");
        assert!(error.to_string().contains("item 1"), "{what}: {error}");
        let everything = bench.everything().await;
        assert!(everything.tasks.is_empty() && everything.history.is_empty(), "{what}");
    }
}

pub(super) type Spoil = fn(&mut NewTask);

/// What no store takes, and how a row comes by it.
pub(super) fn bad_items() -> [(&'static str, Spoil); 7] {
    [
        ("a NUL in a body", |new| new.body = TaskBody::from_stored("a\0b".to_owned())),
        ("a body over its limit", |new| {
            new.body = TaskBody::from_stored("x".repeat(Limits::BODY_BYTES + 1));
        }),
        ("a pending row that does not wake", |new| new.wake_at = None),
        ("a finished row that wakes", |new| new.state = TaskState::Sent),
        ("an unknown state", |new| new.state = TaskState::Unknown),
        ("an entry of another task", |new| new.entry.task = task_id(now())),
        ("an instant before 1970", |new| new.due_at = chrono::DateTime::<chrono::Utc>::MIN_UTC),
    ]
}

pub(super) async fn the_same_id_again_is_inserted_again_and_changes_nothing(bench: &Bench) {
    let new = due(10);
    let row = bench.stored(new.clone()).await;
    bench.apply(at(1), &[change(&row).to(TaskState::Held).attempts(2).build()]).await;
    let before = bench.everything().await;
    let outcomes = bench.insert(&[new.clone(), new]).await;
    assert_eq!(outcomes, [InsertOutcome::Inserted, InsertOutcome::Inserted]);
    assert_eq!(bench.everything().await, before);
}

pub(super) async fn of_two_equal_keys_in_one_batch_the_second_is_taken(bench: &Bench) {
    let [first, mut second] = [due(10), due(5)];
    second.dedup_key = first.dedup_key.clone();
    let outcomes = bench.insert(&[first.clone(), second]).await;
    let holder = Box::new(Task::from_new(now(), &first));
    assert_eq!(outcomes, [InsertOutcome::Inserted, InsertOutcome::Taken(holder)]);
    assert_eq!(bench.everything().await.tasks.len(), 1);
}

pub(super) async fn of_many_concurrent_inserts_of_one_key_one_wins(bench: &Bench) {
    let key = due(0).dedup_key;
    let rival = |_| {
        let mut new = due(0);
        new.dedup_key = key.clone();
        let store = bench.store.clone();
        tokio::spawn(async move {
            let batch = [new];
            super::bench::kept(|| store.insert(now(), &batch)).await
        })
    };
    let rivals: Vec<_> = (0..16).map(rival).collect();
    let mut inserted = 0;
    for rival in rivals {
        let outcomes = rival.await.unwrap_or_else(|error| panic!("an insert failed: {error}"));
        inserted += usize::from(outcomes == [InsertOutcome::Inserted]);
    }
    let everything = bench.everything().await;
    assert_eq!((inserted, everything.tasks.len(), everything.history.len()), (1, 1, 1));
}
