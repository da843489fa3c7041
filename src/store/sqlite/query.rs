//! What the store tells: pages of tasks and history, counts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{Connection, SqliteConnection};

use super::error::Sql;
use super::json::{self, blob, micros};
use super::rows;
use crate::store::{
    Counters, HistoryQuery, SentCount, SentQuery, StoreStats, StoredEntry, TaskCount, TaskOrder,
    TaskQuery,
};
use crate::task::{Channel, Kind, Task, TaskState, What};

/// One page of tasks, by the best index that the filter offers.
pub(super) async fn list(connection: &mut SqliteConnection, query: &TaskQuery) -> Sql<Vec<Task>> {
    let filter = &query.filter;
    let by_due = query.order == TaskOrder::DueAt;
    let statement = match () {
        () if filter.ids.is_some() => include_str!("sql/list_by_ids.sql"),
        () if filter.keys.is_some() => include_str!("sql/list_by_keys.sql"),
        () if filter.subject.is_some() => include_str!("sql/list_by_subject.sql"),
        () if filter.person.is_some() => include_str!("sql/list_by_person.sql"),
        () if by_due => include_str!("sql/list_all_by_due.sql"),
        () => include_str!("sql/list_all_by_id.sql"),
    };
    let ids = filter.ids.as_ref().map(|ids| json::ids(ids.iter().map(|id| id.as_uuid())));
    let keys = filter.keys.as_ref().map(|keys| json::texts(keys.iter().map(|key| key.as_str())));
    let (after_at, after_id) = match query.after {
        Some((at, id)) => (if by_due { micros(at) } else { i64::MIN }, blob(id.as_uuid())),
        None => (i64::MIN, Vec::new()),
    };
    let found = sqlx::query(statement)
        .bind(ids)
        .bind(keys)
        .bind(filter.subject.as_ref().map(|subject| subject.kind().to_owned()))
        .bind(filter.subject.as_ref().map(|subject| subject.id().to_owned()))
        .bind(filter.person.as_ref().map(|person| person.as_str().to_owned()))
        .bind(filter.kind.as_ref().map(|kind| kind.as_str().to_owned()))
        .bind(filter.channel.as_ref().map(|channel| channel.as_str().to_owned()))
        .bind(filter.states.as_ref().map(json::states))
        .bind(filter.pending)
        .bind(filter.due_from.map(micros))
        .bind(filter.due_before.map(micros))
        .bind(after_id)
        .bind(query.limit)
        .bind(after_at)
        .bind(by_due)
        .fetch_all(connection)
        .await?;
    Ok(found.iter().map(rows::task).collect())
}

/// One page of history, oldest first.
pub(super) async fn history(
    connection: &mut SqliteConnection,
    query: &HistoryQuery,
) -> Sql<Vec<StoredEntry>> {
    let statement = match query.task {
        Some(_) => include_str!("sql/history_of_task.sql"),
        None => include_str!("sql/history_since.sql"),
    };
    let (after_at, after_revision, after_id) = match query.after {
        Some((at, revision, id)) => {
            (micros(at), i64::try_from(revision.0).unwrap_or(i64::MAX), blob(id.as_uuid()))
        }
        None => (i64::MIN, i64::MIN, Vec::new()),
    };
    let found = sqlx::query(statement)
        .bind(query.from.map_or(after_at, |from| micros(from).max(after_at)))
        .bind(after_at)
        .bind(after_id)
        .bind(query.limit)
        .bind(query.task.map(|task| blob(task.as_uuid())))
        .bind(after_revision)
        .fetch_all(connection)
        .await?;
    Ok(found.iter().map(rows::entry).collect())
}

/// What went out to persons lately.
pub(super) async fn count_sent(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    query: &SentQuery,
) -> Sql<Vec<SentCount>> {
    let found = sqlx::query(include_str!("sql/count_sent.sql"))
        .bind(json::people(&query.people))
        .bind(blob(query.claim.as_uuid()))
        .bind(micros(now))
        .fetch_all(connection)
        .await?;
    let mut counts = vec![SentCount::default(); query.people.len()];
    for row in &found {
        let place = usize::try_from(rows::count(row, 0)).unwrap_or(usize::MAX);
        let number = |column| u32::try_from(rows::count(row, column)).unwrap_or(u32::MAX);
        if let Some(count) = counts.get_mut(place) {
            *count = SentCount::new(number(1), rows::instant(row, 2), number(3));
        }
    }
    Ok(counts)
}

/// Counts what is stored, all of it as of one moment.
pub(super) async fn stats(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
) -> Sql<StoreStats> {
    let mut reading = connection.begin().await?;
    let tasks = sqlx::query(include_str!("sql/stats_tasks.sql")).fetch_all(&mut *reading).await?;
    let pending = sqlx::query(include_str!("sql/stats_pending.sql"))
        .bind(micros(now))
        .fetch_one(&mut *reading)
        .await?;
    let erased = sqlx::query(include_str!("sql/counters.sql")).fetch_all(&mut *reading).await?;
    reading.commit().await?;

    let mut counts: BTreeMap<_, u64> = BTreeMap::new();
    for row in &tasks {
        let state = TaskState::from_stored(&rows::text(row, 0));
        let (kind, channel) = (rows::text(row, 1), rows::text(row, 2));
        let key = (state, Kind::from_stored(kind), Channel::from_stored(channel));
        *counts.entry(key).or_default() += rows::count(row, 3);
    }
    let count = |((state, kind, channel), count)| TaskCount::new(state, kind, channel, count);
    let mut counters = Counters::default();
    for row in &erased {
        let (name, count) = (rows::text(row, 1), rows::count(row, 2));
        match rows::text(row, 0).as_str() {
            "task" => *counters.tasks.entry(TaskState::from_stored(&name)).or_default() += count,
            _ => *counters.entries.entry(What::from_stored(&name)).or_default() += count,
        }
    }
    Ok(StoreStats {
        tasks: counts.into_iter().map(count).collect(),
        overdue: rows::count(&pending, 0),
        oldest_due_at: rows::instant(&pending, 1),
        next_wake_at: rows::instant(&pending, 2),
        leased: rows::count(&pending, 3),
        entries: rows::count(&pending, 4),
        erased: counters,
    })
}
