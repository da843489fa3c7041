//! Claims: due rows by quota, at most one that workers died over, and when to look again
//! (clauses 3 to 5).

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::error::Sql;
use super::sql::Statements;
use super::{encode, rows};
use crate::store::{ClaimRequest, Claimed, Durability, Probe, Quota, StoreIdentity};
use crate::task::Task;

/// Claims of rows that workers died over, before this one, from which on only one is handed out.
const ABANDONED: i64 = 2;

/// Where `claim.sql` puts the probe, and after it the next wake.
const PROBE: usize = 26;
const NEXT_WAKE: usize = 31;

/// Takes what is due, or with `repeated` tells what an earlier call took.
pub(super) async fn claim(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    request: &ClaimRequest,
    identity: &StoreIdentity,
) -> Sql<Claimed> {
    if request.repeated {
        let tasks = claimed_by(connection, statements, now, request).await?;
        let (probe, _) = probe(connection, statements).await?;
        return Ok(Claimed::new(tasks, Some(now), identified(probe, identity)));
    }
    let quotas: Vec<&Quota> = request.quotas.iter().filter(|quota| quota.limit > 0).collect();
    let found = encode::quotas(statements.claim.query(), &quotas)
        .bind(now)
        .bind(request.claim.as_uuid())
        .bind(request.lease_until)
        .bind(ABANDONED)
        .fetch_all(connection)
        .await?;
    // The statement answers one row at least, for the probe.
    let Some(first) = found.first() else { return Err(sqlx::Error::RowNotFound) };
    let probe = identified(probe_in(first, PROBE), identity);
    let next_wake_at = rows::instant(first, NEXT_WAKE);
    let tasks: Vec<Task> =
        found.iter().filter(|row| rows::is_there(row, 0)).map(rows::task).collect();
    Ok(Claimed::new(tasks, next_wake_at, probe))
}

/// What the store is, with the schema and the seal that are stored at this moment, and which
/// database of which cluster.
pub(super) async fn probe(
    connection: &mut PgConnection,
    statements: &Statements,
) -> Sql<(Probe, StoreIdentity)> {
    let row = statements.probe.query().fetch_one(connection).await?;
    let (cluster, database) = (rows::number(&row, 5), rows::number(&row, 6));
    let identity = StoreIdentity(format!("postgres cluster {cluster} database {database}"));
    Ok((identified(probe_in(&row, 0), &identity), identity))
}

fn probe_in(row: &PgRow, first: usize) -> Probe {
    let [commit, sync] = [first + 2, first + 3].map(|column| rows::text(row, column));
    let durability = match commit != "off" && sync == "on" {
        true => Durability::Durable,
        false => Durability::Relaxed,
    };
    let mut probe = Probe::new(rows::small(row, first), durability, StoreIdentity::default());
    probe.seal = rows::optional_text(row, first + 1);
    probe.server_time = rows::instant(row, first + 4);
    probe
}

fn identified(mut probe: Probe, identity: &StoreIdentity) -> Probe {
    probe.identity = identity.clone();
    probe
}

async fn claimed_by(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    request: &ClaimRequest,
) -> Sql<Vec<Task>> {
    let query = statements.claimed.query().bind(request.claim.as_uuid()).bind(now);
    Ok(query.fetch_all(connection).await?.iter().map(rows::task).collect())
}
