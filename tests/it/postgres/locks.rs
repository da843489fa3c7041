//! Locks of others delay nobody, and no task is claimed twice.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Duration;

use puntual::scheduler::{Cancelling, ScheduleErrorKind};
use puntual::store::{
    StoreErrorKind, TaskFilter, TaskStore, TaskStoreExt, TaskWrites, WriteOutcome,
};
use puntual::task::{EmailAddress, Entropy, Subject, TaskState};
use puntual::time::SystemClock;
use puntual::{Reminder, Reminders};
use sqlx::AssertSqlSafe;

use super::mailbox::Mailbox;
use super::{at, cancel, claim, everything, reminder};
use crate::killed::{builder, until, until_all_done};
use crate::servers::postgres::Server;

#[tokio::test]
async fn an_uncommitted_cancel_delays_nobody_as_long_as_it_stays_open() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let store = server.store().await;
    let new: Vec<_> = (0..3).map(|n| reminder(&entropy, &n.to_string(), at(n))).collect();
    store.insert(at(0), &new).await.unwrap();
    let rows = store.list(&everything()).await.unwrap();

    let mut open = store.pool().begin().await.unwrap();
    store.transaction(&mut open).apply(at(1), &[cancel(&entropy, &rows[0])]).await.unwrap();
    let claimed = store.claim(at(10), &claim(&entropy, at(10), 10)).await.unwrap();
    let ids: Vec<_> = claimed.tasks.iter().map(|task| task.id).collect();
    assert_eq!(ids, [new[1].id, new[2].id]);
    assert_eq!(claimed.next_wake_at, Some(at(11)));
    let changes = [cancel(&entropy, &rows[0]), cancel(&entropy, &claimed.tasks[0])];
    let outcomes = store.apply(at(11), &changes).await.unwrap();
    assert!(matches!(outcomes[..], [WriteOutcome::Busy, WriteOutcome::Written(_)]));

    let mut second = store.pool().begin().await.unwrap();
    let held = store.transaction(&mut second).apply(at(12), &changes[..1]).await;
    assert_eq!(held.unwrap_err().kind(), StoreErrorKind::Conflict);
    second.rollback().await.unwrap();
    open.commit().await.unwrap();
    let outcomes = store.apply(at(13), &changes[..1]).await.unwrap();
    assert_eq!(outcomes, [WriteOutcome::Stale]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_that_claim_at_the_same_time_share_the_work_without_an_overlap() {
    const TASKS: usize = 1_000;
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let store = server.store().await;
    let new: Vec<_> =
        (0..TASKS).map(|n| reminder(&entropy, &n.to_string(), at(n as i64 % 7))).collect();
    store.insert(at(0), &new).await.unwrap();
    let mut workers = Vec::new();
    for seed in 0..8 {
        // Another instance: instances share nothing but the database, as processes do.
        let pool = server.pool().await;
        let store = puntual::store::PostgresStore::new(pool).with_schema(store.schema().clone());
        workers.push(tokio::spawn(async move {
            let entropy = Entropy::seeded(100 + seed);
            let mut mine = Vec::new();
            loop {
                let claimed = store.claim(at(10), &claim(&entropy, at(10), 23)).await.unwrap();
                mine.extend(claimed.tasks.iter().map(|task| task.id));
                // Nothing is due any more, and nothing was locked elsewhere.
                if claimed.tasks.is_empty() && claimed.next_wake_at == Some(at(40)) {
                    return mine;
                }
            }
        }));
    }
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    assert_eq!(all.len(), TASKS);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), TASKS);
}

/// Clause 12, and what follows from it for an engine: what a host leaves open concerns nobody
/// but the rows that it holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_works_off_everything_else_while_a_cancel_and_a_report_stay_open() {
    let (server, clock, mailbox) = (Server::shared(), SystemClock::new(), Mailbox::shut());
    let store = server.store().await;
    let engine = builder(store.clone(), mailbox.clone()).build().unwrap();
    let ids = |sent: &[String]| sent.iter().cloned().collect::<HashSet<_>>();
    let all = |bookings: Range<u32>| bookings.map(|id| id.to_string()).collect::<HashSet<_>>();

    // A report that reads for as long as the test runs, and a cancel of a row that is due.
    let mut report =
        store.pool().begin_with("begin isolation level repeatable read").await.unwrap();
    let counted = format!("select count(*) from {}.tasks", store.schema());
    sqlx::query(AssertSqlSafe(counted)).execute(&mut *report).await.unwrap();
    engine.schedule_all(due(0..40)).await.unwrap();
    let mut open = store.pool().begin().await.unwrap();
    let within = engine.within(store.transaction(&mut open));
    let cancelled = within.cancel_subject(&Subject::new("booking", 0)).await.unwrap();
    assert_eq!(cancelled[0].what, Cancelling::Cancelled);
    drop(within);

    // And one of a row whose attempt stands before its gate.
    let handle = engine.start();
    until(&clock, "attempts wait", async || mailbox.came() > 0).await;
    let claimed = store.all(TaskFilter::default().pending(true)).await.unwrap();
    let claimed = claimed.iter().find(|task| task.lease.is_some()).unwrap();
    let under_way = claimed.subject.clone();
    let late = loop {
        let mut late = store.pool().begin().await.unwrap();
        let asked = engine.within(store.transaction(&mut late)).cancel_subject(&under_way).await;
        match asked {
            Ok(_) => break late,
            // Its lease was being renewed at that moment.
            Err(error) => assert_eq!(error.kind(), ScheduleErrorKind::Conflict),
        }
    };
    mailbox.open();

    let mut others = all(1..40);
    others.remove(under_way.id());
    until(&clock, "the others are sent", async || mailbox.subjects().len() >= others.len()).await;
    assert_eq!(ids(&mailbox.subjects()), others);
    // From now on the engine wants to record what it may not touch; later ones are more than it
    // has under way at a time.
    until(&clock, "its gate stays shut", async || mailbox.refused() > 0).await;
    engine.schedule_all(due(40..120)).await.unwrap();
    others.extend(all(40..120));
    until(&clock, "later ones are sent", async || mailbox.subjects().len() >= others.len()).await;
    assert_eq!(ids(&mailbox.subjects()), others);

    report.rollback().await.unwrap();
    open.commit().await.unwrap();
    late.commit().await.unwrap();
    until_all_done(&clock, &store).await;
    handle.shutdown(Duration::from_secs(10)).await;
    assert_eq!(mailbox.subjects().len(), others.len(), "each once, and nothing that was cancelled");
    for subject in [Subject::new("booking", 0), under_way] {
        let rows = store.all(TaskFilter::subject(subject)).await.unwrap();
        assert_eq!(rows[0].state, TaskState::Cancelled);
    }
}

/// Reminders that are due at once.
fn due(bookings: Range<u32>) -> Vec<Reminder> {
    let jane: EmailAddress = "jane@example.com".parse().unwrap();
    let ask = |id| {
        Reminder::new("k", &Subject::new("booking", id), jane.clone())
            .person(format!("user {id}"))
            .text("..")
            .now()
    };
    bookings.map(ask).collect()
}
