//! Migrations: many at once, interrupted, by script, of a newer version, and the least that a role
//! needs afterwards.

use puntual::store::{
    Erase, InsertOutcome, NoteWrite, PostgresStore, StoreErrorKind, TaskStore, WriteOutcome,
};
use puntual::task::Entropy;
use sqlx::AssertSqlSafe;

use super::{answer, at, cancel, claim, execute, reminder};
use crate::servers::postgres::{Server, new_schema};

/// Every table, view, sequence, index and column with its type.
const SHAPE: &str = "select string_agg(line, E'\\n' order by line) from (
    select c.relname || ' ' || c.relkind::text || ' ' || coalesce(array_to_string(c.reloptions, ','), '')
        || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) as line
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = '{}'::regnamespace and a.attnum > 0
) as lines";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_at_once_make_the_tables_once() {
    let server = Server::shared();
    let (pool, schema) = (server.pool().await, new_schema());
    let migrations: Vec<_> = (0..10)
        .map(|_| PostgresStore::new(pool.clone()).with_schema(schema.clone()))
        .map(|store| tokio::spawn(async move { store.migrate().await }))
        .collect();
    for migration in migrations {
        migration.await.unwrap().unwrap();
    }
    let store = PostgresStore::new(pool).with_schema(schema);
    assert_eq!(store.probe().await.unwrap().schema, 1);
    let steps = answer(&store, "select count(*)::text from {}.schema_history").await;
    assert_eq!(steps, "1");
}

#[tokio::test]
async fn the_script_makes_the_same_tables() {
    let server = Server::shared();
    let (by_code, pool) = (server.store().await, server.pool().await);
    let schema = new_schema();
    let script = PostgresStore::migration_sql(&schema);
    sqlx::raw_sql(AssertSqlSafe(script)).execute(&pool).await.unwrap();
    let by_script = PostgresStore::new(pool).with_schema(schema);
    assert_eq!(answer(&by_script, SHAPE).await, answer(&by_code, SHAPE).await);
    by_script.migrate().await.unwrap();
    let new = [reminder(&Entropy::seeded(1), "1", at(0))];
    assert_eq!(by_script.insert(at(0), &new).await.unwrap(), [InsertOutcome::Inserted]);
}

#[tokio::test]
async fn an_interrupted_migration_leaves_nothing_and_is_run_again() {
    let server = Server::shared();
    let (pool, schema) = (server.pool().await, new_schema());
    let script = PostgresStore::migration_sql(&schema);
    let statements: Vec<&str> = script.split_inclusive(";\n").collect();
    for end in 1..statements.len() {
        let mut connection = pool.acquire().await.unwrap().detach();
        let some = AssertSqlSafe(statements[..end].concat());
        sqlx::raw_sql(some).execute(&mut connection).await.unwrap();
        sqlx::Connection::close_hard(connection).await.unwrap();
    }
    let store = PostgresStore::new(pool).with_schema(schema);
    let error = store.probe().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Permanent);
    assert!(error.to_string().contains("`PostgresStore::migrate` makes them"), "{error}");
    store.migrate().await.unwrap();
    assert_eq!(store.probe().await.unwrap().schema, 1);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let server = Server::shared();
    let store = server.store().await;
    execute(&store, "insert into {}.schema_history values (2, 'later', '9.9.9')").await;
    let shape = answer(&store, SHAPE).await;
    let error = store.migrate().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (StoreErrorKind::Permanent, "migrate"));
    assert!(error.to_string().contains("has schema 2"), "{error}");
    assert_eq!(answer(&store, SHAPE).await, shape);
    assert_eq!(store.probe().await.unwrap().schema, 2, "the engine can see it too");
}

#[tokio::test]
async fn a_role_with_the_documented_grants_runs_and_cannot_migrate() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let owner = server.store().await;
    execute(
        &owner,
        "create role {}_app login;
        grant usage on schema {} to {}_app;
        grant select on {}.schema_history to {}_app;
        grant select, insert, update, delete
            on {}.tasks, {}.task_history, {}.notes, {}.counters to {}_app;
        grant usage on sequence {}.note_revision to {}_app;",
    )
    .await;
    let options = server.options().username(&format!("{}_app", owner.schema()));
    let pool = sqlx::PgPool::connect_with(options).await.unwrap();
    let store = PostgresStore::new(pool.clone()).with_schema(owner.schema().clone());
    store.migrate().await.unwrap();

    let new: Vec<_> = (0..2).map(|n| reminder(&entropy, &n.to_string(), at(n))).collect();
    store.insert(at(0), &new).await.unwrap();
    let claimed = store.claim(at(5), &claim(&entropy, at(5), 10)).await.unwrap();
    assert_eq!(claimed.tasks.len(), 2);
    let outcomes = store.apply(at(6), &[cancel(&entropy, &claimed.tasks[0])]).await.unwrap();
    assert!(matches!(outcomes[..], [WriteOutcome::Written(_)]));
    let write = NoteWrite::new("seal", None, Some("production".to_owned()));
    store.notes().unwrap().write_note(at(6), &write).await.unwrap();
    assert_eq!(store.probe().await.unwrap().seal.as_deref(), Some("production"));
    let erased = store.erase(at(7), &Erase::FinishedBefore(at(7)), 10).await.unwrap();
    assert_eq!(erased, 1);
    assert_eq!(store.stats(at(7)).await.unwrap().entries, 1);

    let elsewhere = PostgresStore::new(pool).with_schema(new_schema());
    let error = elsewhere.migrate().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Permanent);
    assert!(error.to_string().contains("the role may not do this"), "{error}");
}
