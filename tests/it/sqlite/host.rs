//! The host's own transaction, and what others of this file notice.

use puntual::store::{
    Change, InsertOutcome, SqliteStore, StoreErrorKind, TaskFilter, TaskQuery, TaskStore,
    TaskWrites, WriteOutcome,
};
use puntual::task::{Entropy, TaskState, What};

use super::{Files, at, entry, reminder};

fn everything() -> TaskQuery {
    TaskQuery::new(TaskFilter::default(), 100)
}

async fn bookings(store: &SqliteStore) -> i64 {
    sqlx::query_scalar("select count(*) from bookings").fetch_one(store.pool()).await.unwrap()
}

#[tokio::test]
async fn booking_and_reminder_are_stored_together_or_not_at_all() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let store = files.store().await;
    sqlx::query("create table bookings (id text)").execute(store.pool()).await.unwrap();
    let known = reminder(&entropy, "0", at(60));
    store.insert(at(0), std::slice::from_ref(&known)).await.unwrap();

    for (commits, booking) in [(false, "1"), (true, "2")] {
        let new = reminder(&entropy, booking, at(60));
        let mut again = reminder(&entropy, booking, at(90));
        again.entry.task = again.id;
        let mut cancelled = entry(&entropy, known.id, What::Cancelled, TaskState::Cancelled);
        cancelled.at = at(5);
        let stored = store.list(&everything()).await.unwrap();
        let before = stored.iter().find(|task| task.id == known.id).unwrap();
        let mut cancel = Change::of(before, cancelled);
        (cancel.state, cancel.wake_at) = (TaskState::Cancelled, None);

        let mut tx = store.pool().begin_with("begin immediate").await.unwrap();
        sqlx::query("insert into bookings values (?)")
            .bind(booking)
            .execute(&mut *tx)
            .await
            .unwrap();
        let mut writes = store.transaction(&mut tx);
        let inserted = writes.insert(at(5), &[new.clone(), again]).await.unwrap();
        assert_eq!(inserted[0], InsertOutcome::Inserted);
        assert!(matches!(&inserted[1], InsertOutcome::Taken(holder) if holder.id == new.id));
        let changed = writes.apply(at(5), std::slice::from_ref(&cancel)).await.unwrap();
        assert_eq!(changed, [WriteOutcome::Written(cancel.expected.next())]);
        let repeated = writes.apply(at(5), &[cancel]).await.unwrap();
        assert_eq!(repeated, changed);
        let seen = writes.list(&everything()).await.unwrap();
        assert_eq!(seen.len(), 2, "the transaction sees what it wrote");
        assert_eq!(store.list(&everything()).await.unwrap(), stored, "others do not");
        match commits {
            true => tx.commit().await.unwrap(),
            false => tx.rollback().await.unwrap(),
        }
        let now_stored = store.list(&everything()).await.unwrap();
        assert_eq!(now_stored, if commits { seen } else { stored });
        assert_eq!(bookings(&store).await, i64::from(commits));
    }
}

#[tokio::test]
async fn waiting_for_oneself_ends_with_an_error_that_says_so() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let store = files.store().await;
    let tx = store.pool().begin_with("begin immediate").await.unwrap();
    let error = store.insert(at(0), &[reminder(&entropy, "1", at(60))]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict);
    assert_eq!(error.operation(), "insert");
    assert!(error.to_string().contains("outside `within`"), "{error}");
    drop(tx);
    let again = store.insert(at(0), &[reminder(&entropy, "1", at(60))]).await.unwrap();
    assert_eq!(again, [InsertOutcome::Inserted]);
}

#[tokio::test]
async fn a_transaction_that_read_too_early_is_told_to_begin_again() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let store = files.store().await;
    let mut deferred = store.pool().begin().await.unwrap();
    store.transaction(&mut deferred).list(&everything()).await.unwrap();
    store.insert(at(0), &[reminder(&entropy, "1", at(60))]).await.unwrap();
    let new = [reminder(&entropy, "2", at(60))];
    let error = store.transaction(&mut deferred).insert(at(0), &new).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict, "{error}");
}

#[tokio::test]
async fn work_that_arrives_wakes_engines_here_and_in_other_processes() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let (ours, theirs) = (files.store().await, files.store().await);
    let (mut here, mut there) = (ours.wakeups().unwrap(), theirs.wakeups().unwrap());
    // The first look of a writer only learns what to compare with: one commit that both have seen
    // makes sure that it is over.
    ours.insert(at(0), &[reminder(&entropy, "0", at(10))]).await.unwrap();
    there.changed().await.unwrap();
    here.mark_unchanged();

    ours.insert(at(0), &[reminder(&entropy, "1", at(10_000))]).await.unwrap();
    assert!(!here.has_changed().unwrap(), "the poll is in time for what wakes later");
    there.changed().await.unwrap();
    ours.insert(at(0), &[reminder(&entropy, "2", at(60))]).await.unwrap();
    assert!(here.has_changed().unwrap());
    there.changed().await.unwrap();
    here.mark_unchanged();

    let mut tx = ours.pool().begin_with("begin immediate").await.unwrap();
    let new = [reminder(&entropy, "3", at(10))];
    ours.transaction(&mut tx).insert(at(0), &new).await.unwrap();
    tx.commit().await.unwrap();
    here.changed().await.unwrap();
    there.changed().await.unwrap();
}

#[tokio::test]
async fn a_call_that_was_dropped_leaves_the_store_working() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let store = files.store().await;
    let new: Vec<_> = (0..20).map(|n| reminder(&entropy, &n.to_string(), at(60))).collect();
    for (polls, new) in new.iter().enumerate() {
        let batch = [new.clone()];
        let mut call = Box::pin(store.insert(at(0), &batch));
        for _ in 0..polls {
            if futures_util::poll!(&mut call).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
    }
    let outcomes = store.insert(at(0), &new).await.unwrap();
    assert_eq!(outcomes, vec![InsertOutcome::Inserted; 20], "all are safe to repeat");
    assert_eq!(store.list(&everything()).await.unwrap().len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_share_commits_and_each_gets_its_own_answers() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let store = files.store().await;
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let mut good = reminder(&entropy, &(n % 50).to_string(), at(60));
            let bad = n % 10 == 9;
            if bad {
                good.wake_at = None;
            }
            let store = store.clone();
            tokio::spawn(async move { (bad, good.id, store.insert(at(0), &[good]).await) })
        })
        .collect();
    let mut inserted = std::collections::HashSet::new();
    let mut taken = 0;
    for call in calls {
        let (bad, id, answer) = call.await.unwrap();
        match answer {
            Err(error) => {
                assert!(bad, "{error}");
                assert!(error.to_string().contains("item 0"), "{error}");
            }
            Ok(outcomes) => match &outcomes[..] {
                [InsertOutcome::Inserted] => assert!(inserted.insert(id)),
                [InsertOutcome::Taken(holder)] => {
                    taken += 1;
                    assert_ne!(holder.id, id);
                }
                other => panic!("{other:?}"),
            },
        }
    }
    let stored: std::collections::HashSet<_> =
        store.list(&everything()).await.unwrap().iter().map(|task| task.id).collect();
    assert_eq!(stored, inserted);
    assert_eq!((inserted.len(), taken), (45, 45));
}
