//! Roles with the rights that the documentation of `PostgresStore` gives them, and no others.

use puntual::store::{PostgresStore, SchemaName};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::postgres::Server;

/// The documentation of the store: its grants stand in blocks of SQL.
const DOCUMENTED: &str = include_str!("../../../src/store/postgres/mod.rs");

/// The store of `owner` as a role that has the rights of an application.
pub(crate) async fn limited(server: &Server, owner: &PostgresStore) -> PostgresStore {
    let pool = login(server, owner, "app").await;
    PostgresStore::new(pool).with_schema(owner.schema().clone())
}

/// Connections of a role that has the rights of an operator.
pub(crate) async fn operator(server: &Server, owner: &PostgresStore) -> PgPool {
    login(server, owner, "operator").await
}

/// Makes a role with the rights that the documentation gives to `role`, and connects as it.
async fn login(server: &Server, owner: &PostgresStore, role: &str) -> PgPool {
    let name = format!("{}_{role}", owner.schema());
    let script = format!("create role {name} login; {}", grants(owner.schema(), role, &name));
    sqlx::raw_sql(AssertSqlSafe(script).into_sql_str()).execute(owner.pool()).await.unwrap();
    let options = server.options().username(&name);
    PgPoolOptions::new().max_connections(8).connect_with(options).await.unwrap()
}

/// The documented statements that end in `to role`, for another schema and role.
fn grants(schema: &SchemaName, role: &str, name: &str) -> String {
    let blocks = DOCUMENTED.split("/// ```sql\n").skip(1);
    let block = blocks
        .filter_map(|block| block.split("/// ```").next())
        .map(|block| block.replace("/// ", ""))
        .find(|block| block.contains(&format!("to {role};")));
    let block = block.expect("the documentation has grants for this role");
    block
        .replace("puntual", schema.as_str())
        .replace(&format!("to {role};"), &format!("to {name};"))
}
