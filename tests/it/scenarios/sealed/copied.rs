//! Scenario 16 on real files: the copy of a file sends nothing under another name.

use puntual::scheduler::ScheduleErrorKind;
use puntual::store::{SqliteStore, TaskStore, TaskStoreExt};
use puntual::testing::VirtualClock;

use super::super::backends::Sqlite;
use super::super::{Desk, engine, reminder};

#[tokio::test]
async fn the_copy_of_a_file_sends_nothing_until_it_is_adopted() {
    let now = "2026-07-01T00:00:00Z";
    let backend = Sqlite::new().await;
    let production = Desk::with(&backend, now, |b| b.environment("production"));
    let (_, id) = production.schedule(reminder("confirmation").now()).await;
    production.scheduler.process_due(0).await.unwrap();
    let identity = production.store.probe().await.unwrap().identity;

    for with_wal in [true, false] {
        let elsewhere = tempfile::tempdir().unwrap();
        let copy = elsewhere.path().join("copy.db");
        if !with_wal {
            checkpoint(&backend.path()).await;
        }
        std::fs::copy(backend.path(), &copy).unwrap();
        let wal = |path: &std::path::Path| format!("{}-wal", path.display());
        if with_wal {
            std::fs::copy(wal(&backend.path()), wal(&copy)).unwrap();
        }
        let store: std::sync::Arc<dyn TaskStore> =
            std::sync::Arc::new(SqliteStore::open(&copy).await.unwrap());
        assert_ne!(store.probe().await.unwrap().identity, identity, "a copy can be told");
        assert!(store.task(id).await.unwrap().is_some(), "the reminder is in the copy");

        let clock = VirtualClock::at(now);
        let mailbox = puntual::notify::MemoryNotifier::new(puntual::task::Channel::EMAIL);
        let staging = engine(&store, &clock, 9)
            .notifier(mailbox.clone())
            .environment("staging")
            .build()
            .unwrap();
        for _ in 0..3 {
            let error = staging.process_due(10).await.unwrap_err();
            assert_eq!(error.kind(), ScheduleErrorKind::Refused, "with wal: {with_wal}");
        }
        assert!(mailbox.sent().is_empty());
        let untouched = store.task(id).await.unwrap().unwrap();
        assert_eq!((untouched.unfinished_claims, untouched.lease), (0, None));

        staging.adopt().await.unwrap();
        assert_eq!(staging.run_until_idle().await.unwrap().sent, 1);
    }
}

/// Brings everything from the write-ahead log into the file itself.
async fn checkpoint(path: &std::path::Path) {
    let store = SqliteStore::open(path).await.unwrap();
    sqlx::query("pragma wal_checkpoint(truncate)").execute(store.pool()).await.unwrap();
    store.close().await;
}
