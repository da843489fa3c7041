//! Connections that are cut, and a server that goes away and comes back.

use std::time::Duration;

use puntual::store::{
    InsertOutcome, PoolerMode, PostgresStore, StoreErrorKind, TaskStore, TaskWrites,
};
use puntual::task::Entropy;
use puntual::time::SystemClock;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use super::{answer, at, claim, everything, execute, reminder};
use crate::killed::until;
use crate::servers::postgres::{OwnServer, Server};
use crate::servers::proxy::{Fault, Proxy};

#[tokio::test]
async fn a_cut_connection_is_transient_and_the_next_call_has_another() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let (store, other) = (server.store().await, server.store().await);
    store.insert(at(0), &[reminder(&entropy, "1", at(0))]).await.unwrap();
    let mut open = store.pool().begin().await.unwrap();
    let pid: i32 =
        sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut *open).await.unwrap();
    execute(&other, &format!("select pg_terminate_backend({pid}, 10000)")).await;
    let cut = store.transaction(&mut open).list(&everything()).await;
    assert_eq!(cut.unwrap_err().kind(), StoreErrorKind::Transient);
    drop(open);
    assert_eq!(store.list(&everything()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_store_wakes_again_after_its_listening_connection_was_cut() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let (store, other) = (server.store().await, server.store().await);
    let mut ticks = store.wakeups().unwrap();
    ticks.changed().await.unwrap();
    let cut = format!(
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity where query ilike \
         'listen %{}_wake%' and pid <> pg_backend_pid()",
        store.schema()
    );
    ticks.mark_unchanged();
    execute(&other, &cut).await;
    ticks.changed().await.unwrap();
    ticks.mark_unchanged();
    let there = PostgresStore::new(other.pool().clone()).with_schema(store.schema().clone());
    there.insert(at(0), &[reminder(&entropy, "1", at(0))]).await.unwrap();
    ticks.changed().await.unwrap();
}

/// A firewall that forgot the connection lets it look open at both ends.
#[tokio::test]
async fn a_listening_connection_that_has_gone_silent_is_found_by_its_watch_and_replaced() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let (clock, proxy) = (SystemClock::new(), Proxy::start(&server).await);
    let other = server.store().await;
    let store = PostgresStore::new(other.pool().clone()).with_schema(other.schema().clone());
    let store = store.with_listener(proxy.options());
    let store = store.with_listener_watch(Duration::from_millis(100));
    let mut ticks = store.wakeups().unwrap();
    ticks.changed().await.unwrap();
    ticks.mark_unchanged();
    proxy.fail(0, Fault::Silence);
    until(&clock, "it is replaced", async || ticks.has_changed().unwrap()).await;
    assert!(proxy.has_fired());
    ticks.mark_unchanged();
    other.insert(at(0), &[reminder(&entropy, "1", at(0))]).await.unwrap();
    until(&clock, "work is heard of", async || ticks.has_changed().unwrap()).await;
}

/// The server had no second connection to find out what is in between.
#[tokio::test]
async fn a_store_listens_as_soon_as_the_server_has_a_connection_for_it() {
    let (server, clock) = (Server::shared(), SystemClock::new());
    let owner = server.store().await;
    let narrow = "create role {}_narrow login connection limit 1;
        grant usage on schema {} to {}_narrow;
        grant select on all tables in schema {} to {}_narrow";
    execute(&owner, narrow).await;
    let options = server.options().username(&format!("{}_narrow", owner.schema()));
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let store = PostgresStore::new(pool).with_schema(owner.schema().clone());
    let _ticks = store.wakeups().unwrap();
    store.probe().await.unwrap();
    assert_eq!(store.pooler_mode(), None, "nobody could find it out");
    execute(&owner, "alter role {}_narrow connection limit -1").await;
    until(&clock, "it listens", async || {
        store.condition().await.is_ok_and(|condition| condition.hears_others == Some(true))
    })
    .await;
    assert_eq!(store.pooler_mode(), Some(PoolerMode::Session));
    store.close().await;
    execute(&owner, "drop owned by {}_narrow; drop role {}_narrow").await;
}

#[tokio::test]
async fn a_call_that_was_dropped_leaves_no_transaction_in_the_pool() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let options = server.options().application_name("dropped");
    let store = server.store_on(&PgPool::connect_with(options).await.unwrap()).await;
    let new: Vec<_> = (0..60).map(|n| reminder(&entropy, &n.to_string(), at(n))).collect();
    for (polls, new) in new.iter().enumerate() {
        let batch = [new.clone()];
        let mut call = Box::pin(store.insert(at(0), &batch));
        for _ in 0..polls % 12 {
            if futures_util::poll!(&mut call).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        let mut dropped = Box::pin(store.stats(at(0)));
        assert!(futures_util::poll!(&mut dropped).is_pending());
    }
    let outcomes = store.insert(at(0), &new).await.unwrap();
    assert_eq!(outcomes, vec![InsertOutcome::Inserted; 60], "all are safe to repeat");
    let claimed = store.claim(at(90), &claim(&entropy, at(90), 100)).await.unwrap();
    assert_eq!(claimed.tasks.len(), 60, "no dropped call holds a row");
    let inside = "select count(*)::text from pg_stat_activity
        where application_name = 'dropped' and state like 'idle in transaction%'";
    // Dropped calls go on by themselves; what they leave behind would stay.
    let clock = SystemClock::new();
    until(&clock, "all transactions end", async || answer(&store, inside).await == "0").await;
}

#[tokio::test]
async fn a_server_that_crashed_or_was_stopped_has_what_was_answered_and_is_used_again() {
    let (mut server, entropy) = (OwnServer::start(), Entropy::seeded(1));
    let impatient = PgPoolOptions::new().acquire_timeout(Duration::from_secs(2));
    let store = server.store_on(&impatient.connect_with(server.options()).await.unwrap()).await;
    let new = [reminder(&entropy, "1", at(0))];
    store.insert(at(0), &new).await.unwrap();
    let identity = store.probe().await.unwrap().identity;
    for end in [OwnServer::crash, OwnServer::stop] {
        end(&mut server);
        for _ in 0..3 {
            let error = store.claim(at(5), &claim(&entropy, at(5), 10)).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Transient, "{error}");
        }
        server.restart();
        // Connections of the pool from before the crash may each fail once.
        while let Err(error) = store.insert(at(6), &new).await {
            assert_eq!(error.kind(), StoreErrorKind::Transient, "{error}");
        }
        assert_eq!(store.list(&everything()).await.unwrap().len(), 1);
        assert_eq!(store.probe().await.unwrap().identity, identity);
    }
}
