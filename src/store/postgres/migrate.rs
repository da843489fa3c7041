//! The schema, its tables and views, made and changed step by step, with a ledger of our own.
//!
//! One transaction covers lock, ledger and steps: of ten processes that start at once one makes the
//! tables, the others wait for it and find them made. An interrupted migration leaves nothing
//! behind.

use sqlx::{Connection, PgConnection};

use super::error::{Sql, refusal};
use super::rows;
use super::schema::SchemaName;
use super::sql::{Statement, Statements};
use crate::store::StoreResult;

/// The schema that this version of the library makes and works with.
const SCHEMA: u32 = 1;

const OPERATION: &str = "migrate";

/// The steps, each with its version and its name.
const STEPS: &[(i32, &str, &[&str])] = &[(
    1,
    "tables and views",
    &[include_str!("migrations/0001_tables.sql"), include_str!("migrations/0001_views.sql")],
)];

const LEDGER: &str = include_str!("migrations/ledger.sql");

/// Brings the tables to [`SCHEMA`]. The inner answer is a refusal, with nothing changed.
pub(super) async fn migrate(
    connection: &mut PgConnection,
    statements: &Statements,
    schema: &SchemaName,
) -> Sql<StoreResult<()>> {
    let found = version(connection, statements, schema).await?;
    if let Err(refused) = refuse_newer(found) {
        return Ok(Err(refused));
    }
    if found == SCHEMA {
        return Ok(Ok(()));
    }
    let mut transaction = connection.begin().await?;
    statements
        .schema_lock
        .query()
        .bind(schema.as_str().to_owned())
        .execute(&mut *transaction)
        .await?;
    let found = version(&mut transaction, statements, schema).await?;
    if let Err(refused) = refuse_newer(found) {
        transaction.rollback().await?;
        return Ok(Err(refused));
    }
    if !is_there(&mut transaction, &statements.schema_is_there, schema).await? {
        run(&mut transaction, &create_schema(schema)).await?;
    }
    run(&mut transaction, &Statement::new(LEDGER, schema)).await?;
    for (version, name, texts) in STEPS.iter().filter(|step| step.0.unsigned_abs() > found) {
        for text in *texts {
            run(&mut transaction, &Statement::new(text, schema)).await?;
        }
        statements
            .schema_record
            .query()
            .bind(version)
            .bind(name)
            .bind(env!("CARGO_PKG_VERSION"))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(Ok(()))
}

/// All steps as a script for an empty database.
pub(super) fn script(schema: &SchemaName) -> String {
    let mut script = String::from("begin;\n\n");
    let mut add = |statement: &str| {
        script.push_str(statement.trim_end());
        script.push_str("\n\n");
    };
    add(create_schema(schema).as_str());
    add(Statement::new(LEDGER, schema).as_str());
    for (version, name, texts) in STEPS {
        for text in *texts {
            add(Statement::new(text, schema).as_str());
        }
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
