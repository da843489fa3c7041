//! Claims: due rows by quota, at most one that workers died over, and when to look again
//! (clauses 3 to 5).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::error::Sql;
use super::json::{self, blob, micros};
use super::rows;
use crate::store::{ClaimRequest, Claimed, Durability, Probe, Quota, StoreIdentity};
use crate::task::{ClaimId, Lease, Task, TaskId};

/// Claims of rows that workers died over, before this one, from which on only one is handed out.
const ABANDONED: u32 = 2;

/// What a claim of rows found, in `(wake_at, id)` order, each task with its rowid.
type Chosen = BTreeMap<(DateTime<Utc>, TaskId), (i64, Task)>;

/// Takes what is due, or with `repeated` tells what an earlier call took.
pub(super) async fn claim(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    request: &ClaimRequest,
    identity: &StoreIdentity,
) -> Sql<Claimed> {
    let probe = probe(connection, identity).await?;
    if request.repeated {
        let tasks = claimed_by(connection, now, request.claim).await?;
        return Ok(Claimed::new(tasks, Some(now), probe));
    }
    let quotas: Vec<&Quota> = request.quotas.iter().filter(|quota| quota.limit > 0).collect();
    let mut chosen = Chosen::new();
    let mut at_once = false;
    for quota in &quotas {
        let found = due(connection, now, quota).await?;
        at_once |= found.len() == quota.limit as usize;
        chosen.extend(found);
    }
    at_once |= leave_out_abandoned(&mut chosen);
    let next_wake_at = match at_once {
        true => Some(now),
        false => {
            let next = next_wake(connection, now, &quotas).await?;
            let lease_end = (!chosen.is_empty()).then_some(request.lease_until);
            next.into_iter().chain(lease_end).min()
        }
    };
    let tasks = take(connection, now, request, chosen).await?;
    Ok(Claimed::new(tasks, next_wake_at, probe))
}

/// What the store is, with the schema and the seal that are stored at this moment.
pub(super) async fn probe(
    connection: &mut SqliteConnection,
    identity: &StoreIdentity,
) -> Sql<Probe> {
    let row = sqlx::query(include_str!("sql/probe.sql")).fetch_one(connection).await?;
    let mut probe = Probe::new(rows::small(&row, 0), Durability::Durable, identity.clone());
    probe.seal = rows::optional_text(&row, 1);
    Ok(probe)
}

async fn claimed_by(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    claim: ClaimId,
) -> Sql<Vec<Task>> {
    let found = sqlx::query(include_str!("sql/claimed.sql"))
        .bind(blob(claim.as_uuid()))
        .bind(micros(now))
        .fetch_all(connection)
        .await?;
    Ok(found.iter().map(rows::task).collect())
}

async fn due(connection: &mut SqliteConnection, now: DateTime<Utc>, quota: &Quota) -> Sql<Chosen> {
    let found = sqlx::query(include_str!("sql/claim_due.sql"))
        .bind(quota.channel.as_str())
        .bind(quota.priority.as_number())
        .bind(micros(now))
        .bind(quota.limit)
        .fetch_all(connection)
        .await?;
    let place = |task: &Task| (task.wake_at.unwrap_or(now), task.id);
    Ok((found.iter().map(|row| (rows::task(row), rows::number(row, rows::ROWID))))
        .map(|(task, rowid)| (place(&task), (rowid, task)))
        .collect())
}

/// Keeps only the first of the rows that workers died over; the others stay untouched.
fn leave_out_abandoned(chosen: &mut Chosen) -> bool {
    let before = chosen.len();
    let mut kept_one = false;
    chosen.retain(|_, (_, task)| {
        task.unfinished_claims < ABANDONED || !std::mem::replace(&mut kept_one, true)
    });
    chosen.len() < before
}

async fn next_wake(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    quotas: &[&Quota],
) -> Sql<Option<DateTime<Utc>>> {
    let row = sqlx::query(include_str!("sql/claim_next.sql"))
        .bind(json::quotas(quotas.iter().copied()))
        .bind(micros(now))
        .fetch_one(connection)
        .await?;
    Ok(rows::instant(&row, 0))
}

/// Leases the chosen rows, in the file and in the answer alike.
async fn take(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    request: &ClaimRequest,
    chosen: Chosen,
) -> Sql<Vec<Task>> {
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query(include_str!("sql/claim_take.sql"))
        .bind(json::array(chosen.values().map(|(rowid, _)| rowid.to_string())))
        .bind(blob(request.claim.as_uuid()))
        .bind(micros(request.lease_until))
        .bind(micros(now))
        .execute(connection)
        .await?;
    let lease = Lease { claim: request.claim, until: request.lease_until };
    Ok((chosen.into_values().map(|(_, task)| task))
        .map(|mut task| {
            task.lease = Some(lease);
            task.unfinished_claims = task.unfinished_claims.saturating_add(1);
            task.revision = task.revision.next();
            task.updated_at = now;
            task
        })
        .collect())
}
