//! What Postgres's errors mean to a caller: their kinds, and words for people.

use crate::store::{StoreError, StoreErrorKind};

/// What a statement answers before anybody knows for which operation it ran.
pub(super) type Sql<T> = Result<T, sqlx::Error>;

/// An error of `operation`, of the kind that its cause has.
pub(super) fn fault(operation: &'static str, cause: sqlx::Error) -> StoreError {
    let (kind, detail) = classify(&cause);
    let detail = match detail {
        Some(detail) => format!("{detail} ({cause})"),
        None => cause.to_string(),
    };
    StoreError::new(kind, operation, detail).with_source(cause)
}

/// An error that lies in what was asked and not in the server.
pub(super) fn refusal(operation: &'static str, detail: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Permanent, operation, detail.into())
}

/// The task that was to answer is gone: its runtime ended.
pub(super) fn gone(operation: &'static str) -> StoreError {
    let detail = "the runtime on which it ran has ended";
    StoreError::new(StoreErrorKind::Transient, operation, detail)
}

/// An item of a host's transaction that another transaction holds (clause 12).
pub(super) fn held_elsewhere(operation: &'static str) -> StoreError {
    let detail = "another transaction holds one of the rows; roll back and repeat";
    StoreError::new(StoreErrorKind::Conflict, operation, detail)
}

fn classify(cause: &sqlx::Error) -> (StoreErrorKind, Option<&'static str>) {
    use StoreErrorKind::{Permanent, Transient};
    match cause {
        // PgBouncer says it in these words, under a code that it has for everything.
        sqlx::Error::Database(error) if error.message().contains("statement pooling mode") => (
            Permanent,
            Some("the pooler is in statement mode, and has to be in transaction or session mode"),
        ),
        sqlx::Error::Database(error) => of_code(error.code().as_deref().unwrap_or_default()),
        sqlx::Error::PoolTimedOut => (Transient, Some("all connections of the pool are in use")),
        sqlx::Error::PoolClosed => (Permanent, Some("the pool is closed")),
        sqlx::Error::Configuration(_) | sqlx::Error::Encode(_) => (Permanent, None),
        sqlx::Error::RowNotFound => (Transient, Some("a row was erased in the meantime")),
        _ => (Transient, None),
    }
}

/// By SQLSTATE, <https://www.postgresql.org/docs/current/errcodes-appendix.html>; a class is its
/// first two characters.
fn of_code(code: &str) -> (StoreErrorKind, Option<&'static str>) {
    use StoreErrorKind::{Conflict, Permanent, Transient};
    match code {
        "40001" => (Conflict, Some("the transaction met another one: roll back and repeat")),
        "40P01" => (Conflict, Some("two transactions waited for one another")),
        "55P03" => (Conflict, Some("a lock was not to be had")),
        "25P02" => (Conflict, Some("the transaction has failed before: roll back and repeat")),
        "40003" => (Transient, None),
        "25006" => (Transient, Some("the server takes no writes: is it a standby?")),
        "42P01" | "3F000" => {
            (Permanent, Some("its tables are missing: `PostgresStore::migrate` makes them"))
        }
        "42501" => (Permanent, Some("the role may not do this")),
        "53100" => (Transient, Some("the disk of the server is full")),
        "53300" => (Transient, Some("the server has no connection left")),
        "57014" => (Transient, Some("the statement took too long, or was cancelled")),
        // Connection, resources, operator intervention, system error.
        _ if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => {
            (Transient, None)
        }
        _ => (Permanent, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_whether_to_repeat_at_once_later_or_not_at_all() {
        use StoreErrorKind::{Conflict, Permanent, Transient};
        for (code, kind) in [
            ("40001", Conflict),
            ("40P01", Conflict),
            ("55P03", Conflict),
            ("25P02", Conflict),
            ("08006", Transient),
            ("53200", Transient),
            ("57P01", Transient),
            ("57P02", Transient),
            ("57P03", Transient),
            ("58030", Transient),
            ("40003", Transient),
            ("42P01", Permanent),
            ("42501", Permanent),
            ("22021", Permanent),
            ("28P01", Permanent),
            ("", Permanent),
        ] {
            assert_eq!(of_code(code).0, kind, "{code}");
        }
    }
}
