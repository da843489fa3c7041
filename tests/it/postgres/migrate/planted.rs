//! S11: what somebody planted in a schema that `search_path` names first has no effect.

use puntual::store::PostgresStore;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgPool, PgPoolOptions};

use super::calls::every_call;
use super::{by_script, shape, steps};
use crate::postgres::execute;
use crate::servers::postgres::{Server, new_schema};

/// Tables of our names, and functions and operators that fit our statements: some as well as the
/// server's own do, some better, because those take what they are given only after a conversion.
const PLANTED: &str = "
    create schema {};
    create table {}.tasks (planted text);
    create table {}.task_history (planted text);
    create table {}.notes (planted text);
    create table {}.counters (planted text);
    create table {}.schema_history (planted text);
    insert into {}.schema_history values ('1'), ('2'), ('3');
    create view {}.scheduled_tasks as select 'planted' as planted;
    create sequence {}.note_revision start 1000;
    create function {}.bad() returns integer language plpgsql as
        'begin raise exception ''planted''; end';
    create function {}.now() returns timestamptz language sql as
        'select to_timestamp({}.bad())';
    create function {}.clock_timestamp() returns timestamptz language sql as
        'select to_timestamp({}.bad())';
    create function {}.nextval(text) returns bigint language sql as 'select {}.bad()::bigint';
    create function {}.unnest(text[]) returns setof text language sql as
        'select {}.bad()::text';
    create function {}.unnest(uuid[]) returns setof uuid language sql as
        'select {}.bad()::text::uuid';
    create function {}.current_setting(varchar) returns text language sql as
        'select {}.bad()::text';
    create function {}.pg_notify(text, varchar) returns void language sql as
        'select {}.bad()';
    create function {}.starts_with(varchar, varchar) returns boolean language sql as
        'select {}.bad() > 0';
    create function {}.hashtextextended(text, integer) returns bigint language sql as
        'select {}.bad()::bigint';
    create function {}.pg_advisory_xact_lock(integer) returns void language sql as
        'select {}.bad()';
    create aggregate {}.count (bigint) (sfunc = int8pl, stype = bigint);
    create function {}.divided(bigint, numeric) returns numeric language sql as
        'select {}.bad()::numeric';
    create operator {}./ (leftarg = bigint, rightarg = numeric, function = {}.divided);
    create function {}.alike(text, varchar) returns boolean language sql as
        'select {}.bad() > 0';
    create operator {}.= (leftarg = text, rightarg = varchar, function = {}.alike);
    create operator {}.<> (leftarg = text, rightarg = varchar, function = {}.alike);
    create function {}.joined(text, varchar) returns text language sql as
        'select {}.bad()::text';
    create operator {}.|| (leftarg = text, rightarg = varchar, function = {}.joined);
";

/// Ones that fit exactly as well as the server's: they count where `search_path` says so.
const AS_GOOD: &str = "
    create function {}.max(integer) returns integer language sql as 'select {}.bad()';
    create function {}.same(name, text) returns boolean language sql as 'select {}.bad() > 0';
    create operator {}.= (leftarg = name, rightarg = text, function = {}.same);
    create function {}.hashtextextended(text, bigint) returns bigint language sql as
        'select {}.bad()::bigint';
    create function {}.pg_advisory_xact_lock(bigint) returns void language sql as
        'select {}.bad()';
    create function {}.joined(text, text) returns text language sql as 'select {}.bad()::text';
    create operator {}.|| (leftarg = text, rightarg = text, function = {}.joined);
";

/// Connections whose `search_path` begins with a schema in which all this is planted.
async fn planted(server: &Server, script: &str, rest: &str) -> PgPool {
    let schema = new_schema();
    let store = PostgresStore::new(server.pool().await).with_schema(schema.clone());
    execute(&store, script).await;
    let path = format!("{schema},{rest}");
    let options = server.options().options([("search_path", path)]);
    PgPoolOptions::new().max_connections(4).connect_with(options).await.unwrap()
}

async fn is_hit(pool: &PgPool, statement: &str) -> bool {
    let hit = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(pool).await;
    hit.is_err_and(|error| error.to_string().contains("planted"))
}

#[tokio::test]
async fn s11_planted_objects_have_no_effect_on_the_calls() {
    let server = Server::shared();
    let pool = planted(&server, PLANTED, "public").await;
    // What is planted works, for statements that are less careful.
    for statement in [
        "select planted from tasks where planted = 'x'::varchar",
        "select unnest('{a}'::text[])",
        "select nextval('note_revision')",
        "select 1::bigint / 2.0",
        "select 'a'::text || 'b'::varchar",
    ] {
        let _ = sqlx::raw_sql("insert into tasks values ('x')").execute(&pool).await;
        assert!(is_hit(&pool, statement).await, "{statement}");
    }
    let store = PostgresStore::new(pool.clone()).with_schema(new_schema());
    store.migrate().await.unwrap();
    let clean = PostgresStore::new(server.pool().await).with_schema(new_schema());
    clean.migrate().await.unwrap();
    assert_eq!(shape(&store).await, shape(&clean).await);
    for store in [&store, &clean] {
        every_call(store).await;
    }
    let lateness =
        format!("select sum(lateness_seconds)::text from {}.notifications", store.schema());
    let lateness: String =
        sqlx::query_scalar(AssertSqlSafe(lateness)).fetch_one(&pool).await.unwrap();
    assert!(lateness.starts_with("2.5"), "{lateness}");
}

#[tokio::test]
async fn s11_a_schema_before_that_of_the_server_has_no_effect_on_a_migration() {
    let server = Server::shared();
    let pool = planted(&server, &format!("{PLANTED}{AS_GOOD}"), "pg_catalog").await;
    for statement in ["select now()", "select max(1)", "select 'a'::text || 'b'::text"] {
        assert!(is_hit(&pool, statement).await, "{statement}");
    }
    let store = PostgresStore::new(pool).with_schema(new_schema());
    store.migrate().await.unwrap();
    let clean = server.pool().await;
    let seen = PostgresStore::new(clean.clone()).with_schema(store.schema().clone());
    assert_eq!(shape(&seen).await, shape(&by_script(&clean).await).await);
    assert_eq!(steps(&seen).await, "1 tables, 2 views");
}
