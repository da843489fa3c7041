//! Poolers between the store and its server: found out, worked with, and refused.

use puntual::store::{PoolerMode, PostgresStore, StoreErrorKind, TaskStore};
use puntual::task::Entropy;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use super::{at, claim, everything, reminder};
use crate::servers::pgbouncer::Pooler;
use crate::servers::postgres::{Server, new_schema};

async fn pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new().max_connections(4).connect_with(options).await.unwrap()
}

#[tokio::test]
async fn the_first_call_finds_out_what_is_in_between() {
    let server = Server::shared();
    let session = Pooler::start(server.directory(), "session");
    let transaction = Pooler::start(server.directory(), "transaction");
    for (options, mode) in [
        (server.options(), PoolerMode::Session),
        (server.behind(&session), PoolerMode::Session),
        (server.behind(&transaction), PoolerMode::Transaction),
    ] {
        let store = PostgresStore::new(pool(options).await).with_schema(new_schema());
        assert_eq!(store.pooler_mode(), None, "nothing was asked yet");
        store.migrate().await.unwrap();
        assert_eq!(store.pooler_mode(), Some(mode));
        let condition = store.condition().await.unwrap();
        assert_eq!(condition.pooled, Some(mode == PoolerMode::Transaction));
        assert_eq!(condition.hears_others, None, "nobody asked to hear of them");
    }
}

/// One session for all: whoever asks finds the statements of the others in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_one_session_never_run_each_others_statements() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let pooler = Pooler::start(server.directory(), "transaction");
    let schema = new_schema();
    let mut clients = Vec::new();
    for client in 0..4_u64 {
        let pool = pool(server.behind(&pooler)).await;
        let store = PostgresStore::new(pool).with_schema(schema.clone());
        store.migrate().await.unwrap();
        let entropy = Entropy::seeded(100 + client);
        clients.push(tokio::spawn(async move {
            for turn in 0..25 {
                let new = [reminder(&entropy, &format!("{client} {turn}"), at(60))];
                store.insert(at(0), &new).await.unwrap();
                store.claim(at(0), &claim(&entropy, at(0), 5)).await.unwrap();
                store.stats(at(0)).await.unwrap();
            }
        }));
    }
    for client in clients {
        client.await.unwrap();
    }
    let store = PostgresStore::new(pool(server.behind(&pooler)).await).with_schema(schema);
    assert_eq!(store.list(&everything()).await.unwrap().len(), 100);
    let claimed = store.claim(at(60), &claim(&entropy, at(60), 200)).await.unwrap();
    assert_eq!(claimed.tasks.len(), 100);
}

#[tokio::test]
async fn behind_a_pooler_work_is_heard_of_past_it_or_not_at_all() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let pooler = Pooler::start(server.directory(), "transaction");
    let pool = pool(server.behind(&pooler)).await;
    let deaf = PostgresStore::new(pool.clone()).with_schema(new_schema());
    deaf.migrate().await.unwrap();
    let _ticks = deaf.wakeups().unwrap();
    assert_eq!(deaf.condition().await.unwrap().hears_others, Some(false));

    let hears = deaf.clone().with_listener(server.options());
    let mut ticks = hears.wakeups().unwrap();
    ticks.changed().await.unwrap();
    assert_eq!(hears.condition().await.unwrap().hears_others, Some(true));
    ticks.mark_unchanged();
    let other = PostgresStore::new(pool).with_schema(deaf.schema().clone());
    other.insert(at(0), &[reminder(&entropy, "1", at(0))]).await.unwrap();
    ticks.changed().await.unwrap();
}

#[tokio::test]
async fn a_pooler_in_statement_mode_is_refused_and_the_error_says_so() {
    let server = Server::shared();
    let pooler = Pooler::start(server.directory(), "statement");
    let host = pooler.directory().display().to_string().replace('/', "%2F");
    let url = format!("postgres://postgres@{host}:{}/postgres", Pooler::PORT);
    let error = PostgresStore::connect(&url).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (StoreErrorKind::Permanent, "connect"));
    assert!(error.to_string().contains("transaction or session mode"), "{error}");
}

/// Ours is a word in each NOTIFY: engines would else claim once more for what they just stored.
#[tokio::test]
async fn a_listener_ticks_once_for_its_own_stores_work() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let store = server.store().await;
    let mut ticks = store.wakeups().unwrap();
    ticks.changed().await.unwrap();
    let other = server.over(store.pool(), store.schema().clone());
    let mut others = other.wakeups().unwrap();
    others.changed().await.unwrap();
    let before = *ticks.borrow_and_update();
    others.mark_unchanged();
    store.insert(at(0), &[reminder(&entropy, "1", at(0))]).await.unwrap();
    // What the other one heard was sent to both.
    others.changed().await.unwrap();
    other.insert(at(0), &[reminder(&entropy, "2", at(0))]).await.unwrap();
    ticks.wait_for(|tick| *tick >= before + 2).await.unwrap();
    assert_eq!(*ticks.borrow(), before + 2, "one for its own insert, one for the other's");
}
