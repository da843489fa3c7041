//! The same random calls, to the letter the same answers as the reference store.

mod world;

use chrono::{DateTime, TimeDelta, Utc};
use puntual::store::{MemoryStore, TaskStore};

use self::world::World;

const CALLS: usize = 60;

/// What must have been answered at least once, so that a comparison says something.
const ANSWERS: &[&str] = &[
    "Inserted",
    "Taken(",
    "Written(",
    "Stale",
    "Missing",
    "Rejected(",
    "Permanent",
    "unfinished_claims: 3",
    "state: Sending",
    "StoredEntry",
];

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

/// One sequence of calls; answers what was answered.
async fn compare(seed: u64, store: &dyn TaskStore) -> String {
    let mut seen = String::new();
    let mut world = World::new(seed);
    let memory = MemoryStore::new();
    for call in 0..CALLS {
        world.pass();
        let (expected, found) = world.call(&memory, store).await;
        assert_eq!(found, expected, "seed {seed}, call {call}");
        seen.push_str(&found);
        if call % 8 == 7 {
            let (expected, found) = (world.all(&memory).await, world.all(store).await);
            assert_eq!(found, expected, "what is stored; seed {seed}, call {call}");
        }
    }
    seen
}

fn check_seen(seen: &str) {
    for answer in ANSWERS {
        assert!(seen.contains(answer), "no call was answered with {answer}");
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn random_calls_are_answered_by_sqlite_as_by_the_reference() {
    let mut seen = String::new();
    for seed in 0..40 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("reminders.db");
        let store = puntual::store::SqliteStore::open(path).await.unwrap();
        seen.push_str(&compare(seed, &store).await);
    }
    check_seen(&seen);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn random_calls_are_answered_by_postgres_as_by_the_reference() {
    let server = crate::servers::postgres::Server::shared();
    let pool = server.pool().await;
    let mut seen = String::new();
    for seed in 0..60 {
        seen.push_str(&compare(seed, &server.store_on(&pool).await).await);
    }
    check_seen(&seen);
}
