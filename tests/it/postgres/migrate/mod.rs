//! Migrations: many at once, of an older and of a newer version, by script.

mod calls;
mod interrupted;
mod names;
mod planted;
mod processes;

use puntual::store::{PostgresStore, StoreErrorKind, TaskStore};
use puntual::task::Entropy;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgPool, PgPoolOptions};

use self::calls::every_call;
use super::{answer, at, claim, execute};
use crate::servers::postgres::{Server, new_schema};

/// The schema of this version.
const NEWEST: u32 = 2;

/// Every table, view, sequence, index and column with its type, and how views and indexes are
/// defined.
const SHAPE: &str = "select coalesce(string_agg(line, E'\\n' order by line), '') from (
    select c.relname || ' ' || c.relkind::text || ' ' ||
        coalesce(array_to_string(c.reloptions, ','), '') || ' ' || a.attname || ' ' ||
        format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull::text as line
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = to_regnamespace('{}') and a.attnum > 0 and c.relname not like 'schema_history%'
    union all
    select c.relname || ' ' || replace(
        case c.relkind when 'v' then pg_get_viewdef(c.oid) else pg_get_indexdef(c.oid) end,
        '{}.', ''
    )
    from pg_class c
    where c.relnamespace = to_regnamespace('{}') and c.relkind in ('v', 'i') and c.relname not like 'schema_history%'
) as lines";

/// What is in a store's schema, the ledger apart; empty where there is nothing.
async fn shape(store: &PostgresStore) -> String {
    answer(store, SHAPE).await
}

/// The steps that a schema has taken.
async fn steps(store: &PostgresStore) -> String {
    let steps = "select string_agg(version || ' ' || name, ', ' order by version)
        from {}.schema_history";
    answer(store, steps).await
}

/// A schema as the script makes it.
async fn by_script(pool: &PgPool) -> PostgresStore {
    let store = PostgresStore::new(pool.clone()).with_schema(new_schema());
    let script = PostgresStore::migration_sql(store.schema());
    sqlx::raw_sql(AssertSqlSafe(script)).execute(pool).await.unwrap();
    store
}

/// A schema of the version before: with its tables, and without the views.
async fn older(pool: &PgPool) -> PostgresStore {
    let store = PostgresStore::new(pool.clone()).with_schema(new_schema());
    let script = [
        include_str!("../../../../src/store/postgres/migrations/schema.sql"),
        include_str!("../../../../src/store/postgres/migrations/ledger.sql"),
        include_str!("../../../../src/store/postgres/migrations/0001_tables.sql"),
        "insert into puntual.schema_history values (1, 'tables', '0.0.1');",
    ];
    execute(&store, &script.concat().replace("puntual.", "{}.").replace(" puntual;", " {};")).await;
    store
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_at_once_take_each_step_once_whatever_the_isolation_level() {
    let server = Server::shared();
    let plain = server.pool().await;
    for level in ["read committed", "repeatable read", "serializable"] {
        let options = server.options().options([("default_transaction_isolation", level)]);
        let pool = PgPoolOptions::new().max_connections(10).connect_with(options).await.unwrap();
        let empty = PostgresStore::new(plain.clone()).with_schema(new_schema());
        for before in [empty, older(&plain).await] {
            let store = PostgresStore::new(pool.clone()).with_schema(before.schema().clone());
            let migrate = |store: PostgresStore| async move { store.migrate().await };
            let migrations: Vec<_> =
                (0..10).map(|_| tokio::spawn(migrate(store.clone()))).collect();
            for migration in migrations {
                migration.await.unwrap().unwrap();
            }
            assert_eq!(store.probe().await.unwrap().schema, NEWEST);
            assert_eq!(steps(&store).await, "1 tables, 2 views");
        }
    }
}

#[tokio::test]
async fn the_script_makes_the_same_tables_and_views() {
    let server = Server::shared();
    let (by_code, pool) = (server.store().await, server.pool().await);
    let by_script = by_script(&pool).await;
    let shape_of_code = shape(&by_code).await;
    assert!(shape_of_code.contains("scheduled_tasks v  recipient text"), "{shape_of_code}");
    assert_eq!(shape(&by_script).await, shape_of_code);
    assert_eq!(steps(&by_script).await, steps(&by_code).await);
    by_script.migrate().await.unwrap();
    assert_eq!(shape(&by_script).await, shape_of_code);
}

#[tokio::test]
async fn a_missing_schema_names_the_call_that_makes_it() {
    let server = Server::shared();
    let store = PostgresStore::new(server.pool().await).with_schema(new_schema());
    let error = store.probe().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Permanent);
    assert!(error.to_string().contains("`PostgresStore::migrate` makes them"), "{error}");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let server = Server::shared();
    let store = server.store().await;
    execute(&store, "insert into {}.schema_history values (3, 'later', '9.9.9')").await;
    execute(&store, "drop view {}.notifications").await;
    let before = shape(&store).await;
    let error = store.migrate().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (StoreErrorKind::Permanent, "migrate"));
    assert!(error.to_string().contains("has schema 3"), "{error}");
    assert_eq!(shape(&store).await, before);
    assert_eq!(steps(&store).await, "1 tables, 2 views, 3 later");
    assert_eq!(store.probe().await.unwrap().schema, 3, "the engine can see it too");
}

#[tokio::test]
async fn a_worker_goes_on_while_the_schema_is_older_and_while_it_is_newer() {
    let server = Server::shared();
    let pool = server.pool().await;
    let newer = server.store_on(&pool).await;
    execute(
        &newer,
        "alter table {}.tasks add column tenant text, add column place bigint default 7;
        alter table {}.task_history add column place bigint not null default 7;
        create index tasks_tenant on {}.tasks (tenant);
        create table {}.tenants (name text);
        insert into {}.schema_history values (3, 'tenants', '9.9.9');",
    )
    .await;
    for (store, schema) in [(older(&pool).await, 1), (newer, 3)] {
        every_call(&store).await;
        let claimed = store.claim(at(9), &claim(&Entropy::seeded(2), at(9), 1)).await.unwrap();
        assert_eq!(claimed.probe.schema, schema);
    }
}
