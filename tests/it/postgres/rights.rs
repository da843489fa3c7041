//! Who may do what: the owner of the schema migrates, the application works, an operator looks.

use puntual::store::{PostgresStore, StoreErrorKind, TaskStore};
use puntual::task::Entropy;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;

use super::{answer, at, execute, reminder};
use crate::servers::postgres::{Server, new_schema};
use crate::servers::roles;

/// What the application's role must not do; `{}` is the schema of the store, beside which the host
/// has tables in `{}_host`.
const FORBIDDEN: &[&str] = &[
    "drop table {}.tasks",
    "drop view {}.scheduled_tasks",
    "drop sequence {}.note_revision",
    "drop schema {} cascade",
    "alter table {}.tasks add column more text",
    "alter table {}.task_history disable trigger all",
    "alter view {}.notifications rename to other",
    "alter schema {} rename to {}_other",
    "create table {}.more (id text)",
    "create index more on {}.tasks (kind)",
    "create function {}.now() returns timestamptz language sql as 'select null::timestamptz'",
    "create trigger more before insert on {}.tasks
        for each row execute function suppress_redundant_updates_trigger()",
    "create rule more as on insert to {}.tasks do instead nothing",
    "create schema {}_more",
    "create role {}_more",
    "truncate {}.tasks",
    "truncate {}.tasks, {}.task_history, {}.notes, {}.counters",
    "delete from {}.counters",
    "insert into {}.schema_history values (9, 'later', '9.9.9')",
    "update {}.schema_history set version = 0",
    "delete from {}.schema_history",
    "select setval('{}.note_revision', 1)",
    "select * from {}.scheduled_tasks",
    "select * from {}_host.bookings",
    "insert into {}_host.bookings values ('mine')",
    "delete from {}_host.bookings",
    "update {}_host.bookings set id = '2'",
    "copy {}.tasks to program 'true'",
    "copy {}.tasks to '/dev/null'",
    "alter role {}_app superuser",
    "set role postgres",
    "reindex table {}.tasks",
    "comment on table {}.tasks is 'mine'",
];

async fn limited(server: &Server) -> (PostgresStore, PostgresStore) {
    let owner = server.store().await;
    let store = roles::limited(server, &owner).await;
    (owner, store)
}

#[tokio::test]
async fn s18_the_role_of_the_application_may_do_nothing_else() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let (owner, store) = limited(&server).await;
    execute(
        &owner,
        "create schema {}_host; create table {}_host.bookings (id text);
        insert into {}_host.bookings values ('1')",
    )
    .await;
    store.insert(at(0), &[reminder(&entropy, "1", at(60))]).await.unwrap();
    let rows = "select (select count(*) from {}.tasks) || ' ' ||
        (select count(*) from {}_host.bookings) || ' ' ||
        (select string_agg(version::text, ' ') from {}.schema_history)";
    for statement in FORBIDDEN {
        let statement = statement.replace("{}", store.schema().as_str());
        let run = sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(store.pool()).await;
        let error = run.expect_err(&statement);
        let code = error.as_database_error().and_then(|error| error.code());
        // Insufficient privilege, <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {error}");
        assert_eq!(answer(&owner, rows).await, "1 1 1 2", "{statement}");
    }
}

#[tokio::test]
async fn the_role_of_the_application_cannot_migrate_but_need_not_either() {
    let server = Server::shared();
    let (_owner, store) = limited(&server).await;
    store.migrate().await.unwrap();
    let elsewhere = PostgresStore::new(store.pool().clone()).with_schema(new_schema());
    let error = elsewhere.migrate().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Permanent);
    assert!(error.to_string().contains("the role may not do this"), "{error}");
}

#[tokio::test]
async fn an_owner_that_may_create_in_its_schema_only_migrates_it() {
    let server = Server::shared();
    let administrator = PostgresStore::new(server.pool().await).with_schema(new_schema());
    let script = "create role {}_owner login; create schema {} authorization {}_owner";
    execute(&administrator, script).await;
    let options = server.options().username(&format!("{}_owner", administrator.schema()));
    let pool = PgPool::connect_with(options).await.unwrap();
    let owner = PostgresStore::new(pool.clone()).with_schema(administrator.schema().clone());
    owner.migrate().await.unwrap();
    owner.insert(at(0), &[reminder(&Entropy::seeded(1), "1", at(60))]).await.unwrap();
    let elsewhere = PostgresStore::new(pool).with_schema(new_schema());
    assert_eq!(elsewhere.migrate().await.unwrap_err().kind(), StoreErrorKind::Permanent);
}
