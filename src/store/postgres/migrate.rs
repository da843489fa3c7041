//! The schema, its tables and views, made and changed step by step, with a ledger of our own.
//!
//! Each step is one transaction that holds the lock, reads the ledger, takes the step and records
//! it: of ten processes that start at once one takes the step, the others wait for it and find it
//! taken. A migration that is interrupted leaves whole steps behind; the next call goes on after
//! them.
//!
//! A step changes what is there so that workers of the version before can go on: it adds. One that
//! builds an index on a full table (`create index concurrently`) cannot be such a transaction, and
//! nobody may hold the lock, or wait for it, in the meantime: the build waits for every transaction
//! that began before it. It will be a step of its own kind: outside a transaction, with
//! `if not exists`, and recorded by a transaction like the others once `pg_index.indisvalid` is
//! true. An index that is not valid, and that no row of `pg_stat_progress_create_index` is building
//! any more, was left by a killed build and is dropped first. A test that cuts the connection at
//! every statement holds for it as it does for the others.

use sqlx::{Connection, PgConnection, Postgres, Transaction};

use super::error::{Sql, refusal};
use super::rows;
use super::schema::SchemaName;
use super::sql::{Statement, Statements};
use crate::store::StoreResult;

/// The schema that this version of the library makes and works with.
const SCHEMA: u32 = 2;

const OPERATION: &str = "migrate";

/// One change of the schema, as a whole.
struct Step {
    version: i32,
    name: &'static str,
    text: &'static str,
}

/// Every step, in order, up to [`SCHEMA`].
const STEPS: &[Step] = &[
    Step { version: 1, name: "tables", text: include_str!("migrations/0001_tables.sql") },
    Step { version: 2, name: "views", text: include_str!("migrations/0002_views.sql") },
];

const LEDGER: &str = include_str!("migrations/ledger.sql");

/// Brings the tables to [`SCHEMA`]. The inner answer is a refusal, with nothing changed.
pub(super) async fn migrate(
    connection: &mut PgConnection,
    statements: &Statements,
    schema: &SchemaName,
) -> Sql<StoreResult<()>> {
    loop {
        let mut transaction = begin(connection, statements).await?;
        let mut found = version(&mut transaction, statements, schema).await?;
        if found < SCHEMA {
            let lock = statements.schema_lock.query().bind(schema.as_str().to_owned());
            lock.execute(&mut *transaction).await?;
            found = version(&mut transaction, statements, schema).await?;
        }
        let next = STEPS.iter().find(|step| step.version.unsigned_abs() > found);
        if let Some(step) = next {
            take(&mut transaction, statements, schema, step).await?;
        }
        transaction.commit().await?;
        if next.is_none() {
            return Ok(refuse_newer(found));
        }
    }
}

/// Begins a transaction in which each statement sees what others have committed before it, and
/// names of the server mean the server's own, whatever the settings of the role are.
async fn begin<'c>(
    connection: &'c mut PgConnection,
    statements: &Statements,
) -> Sql<Transaction<'c, Postgres>> {
    let mut transaction = connection.begin_with("begin isolation level read committed").await?;
    statements.schema_path.query().execute(&mut *transaction).await?;
    Ok(transaction)
}

/// Takes one step and records it.
async fn take(
    connection: &mut PgConnection,
    statements: &Statements,
    schema: &SchemaName,
    step: &Step,
) -> Sql<()> {
    if !is_there(connection, &statements.schema_is_there, schema).await? {
        run(connection, &create_schema(schema)).await?;
    }
    run(connection, &Statement::new(LEDGER, schema)).await?;
    run(connection, &Statement::new(step.text, schema)).await?;
    statements
        .schema_record
        .query()
        .bind(step.version)
        .bind(step.name)
        .bind(env!("CARGO_PKG_VERSION"))
        .execute(connection)
        .await?;
    Ok(())
}

/// All steps as a script for an empty database.
pub(super) fn script(schema: &SchemaName) -> String {
    let mut script = String::from("begin;\n\n");
    let mut add = |statement: &str| {
        script.push_str(statement.trim_end());
        script.push_str("\n\n");
    };
    add(include_str!("sql/schema_path.sql"));
    add(create_schema(schema).as_str());
    add(Statement::new(LEDGER, schema).as_str());
    for Step { version, name, text } in STEPS {
        add(Statement::new(text, schema).as_str());
        let library = env!("CARGO_PKG_VERSION");
        let record = Statement::new(include_str!("sql/schema_record.sql"), schema);
        let record = record.as_str().replace("$1::integer", &version.to_string());
        let record = record.replace("$2::text", &format!("'{name}'"));
        add(&record.replace("$3::text", &format!("'{library}'")));
    }
    script.push_str("commit;\n");
    script
}

fn create_schema(schema: &SchemaName) -> Statement {
    Statement::new(include_str!("migrations/schema.sql"), schema)
}

/// Which version the schema has; 0 for none.
async fn version(
    connection: &mut PgConnection,
    statements: &Statements,
    schema: &SchemaName,
) -> Sql<u32> {
    if !is_there(connection, &statements.ledger_is_there, schema).await? {
        return Ok(0);
    }
    Ok(rows::small(&statements.schema_version.query().fetch_one(connection).await?, 0))
}

async fn is_there(
    connection: &mut PgConnection,
    statement: &Statement,
    schema: &SchemaName,
) -> Sql<bool> {
    let row = statement.query().bind(schema.as_str().to_owned()).fetch_one(connection).await?;
    Ok(rows::number(&row, 0) > 0)
}

fn refuse_newer(found: u32) -> StoreResult<()> {
    if found <= SCHEMA {
        return Ok(());
    }
    let detail = format!(
        "the database has schema {found}, made by a newer version of this library; this one knows \
         schemas up to {SCHEMA}"
    );
    Err(refusal(OPERATION, detail))
}

async fn run(connection: &mut PgConnection, statement: &Statement) -> Sql<()> {
    sqlx::raw_sql(statement.sql()).execute(connection).await?;
    Ok(())
}
