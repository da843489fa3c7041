//! Connections that are not to be had, those kept for the next call, and one whose work goes on
//! after it was cut.

use std::time::Duration;

use puntual::Reminders;
use puntual::store::{PostgresStore, StoreErrorKind, TaskFilter, TaskStore, TaskStoreExt};
use puntual::task::What;
use puntual::time::SystemClock;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::mailbox::Mailbox;
use super::{answer, execute};
use crate::killed::{builder, check, reminders, until, until_all_done};
use crate::servers::postgres::Server;
use crate::servers::proxy::Proxy;

const REMINDERS: u32 = 40;

/// The host needs all connections for longer than leases last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_whose_lease_ran_out_while_the_host_held_all_connections_are_given_up() {
    let (server, clock, mailbox) = (Server::shared(), SystemClock::new(), Mailbox::shut());
    let pool = PgPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_millis(200));
    let store = server.store_on(&pool.connect_with(server.options()).await.unwrap()).await;
    let scheduler = builder(store.clone(), mailbox.clone()).build().unwrap();
    scheduler.schedule_all(reminders(&clock, 0..REMINDERS)).await.unwrap();
    let handle = scheduler.start();
    until(&clock, "attempts wait", async || mailbox.came() > 0).await;
    let mut held = Vec::new();
    while held.len() < 4 {
        held.extend(store.pool().acquire().await.ok());
    }
    let error = store.probe().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Transient);
    assert!(error.to_string().contains("all connections of the pool are in use"), "{error}");
    let over = "select (count(*) filter (where lease_until > clock_timestamp()) = 0)::text
        from {}.tasks";
    let over = over.replace("{}", store.schema().as_str());
    until(&clock, "all leases are over", async || {
        let over: String = sqlx::query_scalar(sqlx::AssertSqlSafe(over.clone()))
            .fetch_one(&mut *held[0])
            .await
            .unwrap();
        over == "true"
    })
    .await;
    let waiting = mailbox.came();
    mailbox.open();
    until(&clock, "no gate lets anybody through", async || mailbox.refused() >= waiting).await;
    assert_eq!(mailbox.lines().len(), 0, "nothing can be handed off");
    drop(held);
    until_all_done(&clock, &store).await;
    handle.shutdown(Duration::from_secs(10)).await;
    let lines = mailbox.lines();
    assert_eq!(lines.len(), REMINDERS as usize, "each once");
    check(&scheduler, &store, lines, REMINDERS).await;
}

/// The server gives the role no more connections than the host has taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_is_given_no_connection_waits_for_one_and_goes_on() {
    let (server, clock, mailbox) = (Server::shared(), SystemClock::new(), Mailbox::new());
    let owner = server.store().await;
    execute(&owner, "create role {} login connection limit 3").await;
    execute(&owner, "grant usage on schema {} to {}").await;
    execute(&owner, "grant all on all tables in schema {} to {}").await;
    execute(&owner, "grant all on all sequences in schema {} to {}").await;
    let options = server.options().username(owner.schema().as_str());
    let pool = || PgPoolOptions::new().acquire_timeout(Duration::from_millis(200));
    let host = pool().max_connections(3).connect_with(options.clone()).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(host.acquire().await.unwrap());
    }
    let pool = pool().max_connections(2).connect_lazy_with(options);
    let store = PostgresStore::new(pool).with_schema(owner.schema().clone());
    let error = store.probe().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Transient, "{error}");
    let scheduler = builder(store, mailbox.clone()).build().unwrap();
    let handle = scheduler.start();
    let asking = builder(owner.clone(), Mailbox::new()).build().unwrap();
    asking.schedule_all(reminders(&clock, 0..REMINDERS)).await.unwrap();
    assert_eq!(mailbox.lines().len(), 0);
    drop(held);
    host.close().await;
    until_all_done(&clock, &owner).await;
    handle.shutdown(Duration::from_secs(10)).await;
    check(&asking, &owner, mailbox.lines(), REMINDERS).await;
    execute(&owner, "drop owned by {}; drop role {}").await;
}

/// Its first run still holds the row when the recorder repeats the change: that answers `Busy`
/// until the first run has ended, and then that it is written already.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_whose_connection_was_cut_is_repeated_until_its_first_run_has_ended() {
    let (server, clock, mailbox) = (Server::shared(), SystemClock::new(), Mailbox::new());
    let (looking, proxy) = (server.store().await, Proxy::start(&server).await);
    let stall = "create function {}.stall() returns trigger language plpgsql as $$ begin
            perform pg_advisory_xact_lock_shared(hashtext('{}')); return new;
        end $$;
        create trigger stall before insert on {}.task_history for each row
            when (new.what = 'sent') execute function {}.stall()";
    execute(&looking, stall).await;
    // A lock of a session needs one of its own.
    let mut gate = PgConnection::connect_with(&server.options()).await.unwrap();
    let lock = format!("select pg_advisory_lock(hashtext('{}'))", looking.schema());
    sqlx::query(AssertSqlSafe(lock)).execute(&mut gate).await.unwrap();

    let options = proxy.options().application_name(looking.schema().as_str());
    let store = PostgresStore::new(PgPoolOptions::new().connect_lazy_with(options));
    let store = store.with_schema(looking.schema().clone());
    let scheduler = builder(store, mailbox.clone()).build().unwrap();
    scheduler.schedule_all(reminders(&clock, 0..1)).await.unwrap();
    let handle = scheduler.start();
    let stalled = "select count(*)::text from pg_stat_activity
        where application_name = '{}' and wait_event = 'advisory'";
    until(&clock, "the outcome is under way", async || answer(&looking, stalled).await == "1")
        .await;
    proxy.cut();
    // What a change looks for that was not written; the orphan still waits, and holds the row.
    let repeated = "select count(*)::text from pg_stat_activity
        where application_name = '{}' and state = 'idle' and query like '%h.entry_id, h.revision%'";
    until(&clock, "it was repeated", async || answer(&looking, repeated).await != "0").await;
    assert_eq!(answer(&looking, stalled).await, "1", "the repeat waits for nobody");
    let unlock = format!("select pg_advisory_unlock(hashtext('{}'))", looking.schema());
    sqlx::query(AssertSqlSafe(unlock)).execute(&mut gate).await.unwrap();
    until_all_done(&clock, &looking).await;
    handle.shutdown(Duration::from_secs(10)).await;

    let task = looking.all(TaskFilter::default()).await.unwrap().pop().unwrap();
    let history = looking.history_of(task.id).await.unwrap();
    let sent = history.iter().filter(|stored| stored.entry.what == What::Sent);
    assert_eq!(sent.count(), 1, "{history:?}");
    assert_eq!(history.last().unwrap().revision, task.revision, "{history:?}");
    check(&scheduler, &looking, mailbox.lines(), 1).await;
}

/// What the store keeps for its next call is not the store's for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_host_can_have_all_connections_when_the_store_has_rest() {
    let server = Server::shared();
    let pool = PgPoolOptions::new().max_connections(4).connect_with(server.options()).await;
    let store = server.store_on(&pool.unwrap()).await;
    tokio::try_join!(store.probe(), store.probe(), store.probe()).unwrap();
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(store.pool().acquire().await.unwrap());
    }
    drop(held);
    store.probe().await.unwrap();
    store.close().await;
    let error = store.probe().await.unwrap_err();
    assert_ne!(error.kind(), StoreErrorKind::Conflict, "{error}");
    assert_eq!(store.pool().size(), 0, "all are closed");
}

/// The server was restarted between two calls: the first one finds out for all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_connections_kept_for_the_next_call_one_lost_gives_all_back() {
    let (server, killer) = (Server::shared(), Server::shared().store().await);
    let name = killer.schema().as_str();
    let options = server.options().application_name(name);
    let pool = PgPoolOptions::new().max_connections(8).connect_with(options).await.unwrap();
    let store = PostgresStore::new(pool).with_schema(killer.schema().clone());
    tokio::try_join!(store.probe(), store.probe(), store.probe(), store.probe()).unwrap();
    let cut = "select count(pg_terminate_backend(pid, 10000))::text from pg_stat_activity
        where application_name = '{}' and pid <> pg_backend_pid()";
    assert_ne!(answer(&killer, cut).await, "0");
    if let Err(error) = store.probe().await {
        assert_eq!(error.kind(), StoreErrorKind::Transient, "{error}");
    }
    store.probe().await.unwrap();
    tokio::try_join!(store.probe(), store.probe(), store.probe(), store.probe()).unwrap();
}

/// A host's `main` may drop its store after its runtime, or outside of it.
#[test]
fn a_store_with_connections_kept_may_be_dropped_before_and_after_its_runtime() {
    let server = Server::shared();
    for runtime_first in [true, false] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = runtime.block_on(async {
            let store = server.store().await;
            store.probe().await.unwrap();
            store
        });
        match runtime_first {
            true => {
                drop(runtime);
                drop(store);
            }
            false => {
                drop(store);
                drop(runtime);
            }
        }
    }
}
