//! Locks of others delay nobody, and no task is claimed twice.

use std::collections::HashSet;

use puntual::store::{StoreErrorKind, TaskStore, TaskWrites, WriteOutcome};
use puntual::task::Entropy;

use super::{at, cancel, claim, everything, reminder};
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
