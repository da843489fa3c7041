//! The statements of `sql/`, with the name of the schema in them.

use std::sync::Arc;

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, SqlStr};

use super::schema::SchemaName;

/// The files are written for this schema.
const PLACEHOLDER: &str = "puntual";

/// Whether a connection keeps a statement prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Prepared once for each connection, under a name.
    Cached,
    /// Prepared for this one time, without a name.
    Unnamed,
}

/// One statement, ready to run.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    text: Arc<str>,
    keep: Use,
}

impl Statement {
    /// Puts the name of the schema into a text of ours.
    pub(super) fn new(text: &'static str, schema: &SchemaName) -> Statement {
        let text = text.replace(PLACEHOLDER, &format!("\"{schema}\"")).into();
        Statement { text, keep: Use::Unnamed }
    }

    /// The text: ours, with nothing of anybody else's in it but a name of `[a-z_][a-z0-9_]*`.
    pub(super) fn sql(&self) -> SqlStr {
        AssertSqlSafe(self.text.clone()).into_sql_str()
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn query(&self) -> Query<'static, Postgres, PgArguments> {
        sqlx::query(self.sql()).persistent(self.keep == Use::Cached)
    }
}

macro_rules! statements {
    ($($name:ident,)*) => {
        /// Every statement that works on the tables of one schema.
        #[derive(Debug)]
        pub(super) struct Statements {
            $(pub(super) $name: Statement,)*
        }

        impl Statements {
            pub(super) fn new(schema: &SchemaName, keep: Use) -> Statements {
                Statements {
                    $($name: Statement {
                        keep,
                        ..Statement::new(
                            include_str!(concat!("sql/", stringify!($name), ".sql")),
                            schema,
                        )
                    },)*
                }
            }
        }
    };
}

statements! {
    apply,
    blank_bodies_before,
    claim,
    claimed,
    count_sent,
    counters,
    erase_finished_before,
    erase_person,
    extend,
    history_of_task,
    history_since,
    holders,
    insert_tasks,
    known_entries,
    known_tasks,
    ledger_is_there,
    list_all_by_due,
    list_all_by_id,
    list_by_ids,
    list_by_keys,
    list_by_person,
    list_by_subject,
    note_create,
    note_delete,
    note_update,
    notes_list,
    notes_read,
    notify,
    oldest_transaction,
    probe,
    schema_is_there,
    schema_lock,
    schema_path,
    schema_record,
    schema_version,
    stats_pending,
    stats_tasks,
}
