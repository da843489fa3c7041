//! What the store tells: pages of tasks and history, counts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::encode::stored;
use super::error::Sql;
use super::rows;
use super::sql::Statements;
use crate::store::{
    Counters, HistoryQuery, SentCount, SentQuery, StoreStats, StoredEntry, TaskCount, TaskOrder,
    TaskQuery,
};
use crate::task::{Channel, Kind, Task, TaskState, What};

/// One page of tasks, by the best index that the filter offers.
pub(super) async fn list(
    connection: &mut PgConnection,
    statements: &Statements,
    query: &TaskQuery,
) -> Sql<Vec<Task>> {
    let filter = &query.filter;
    let by_due = query.order == TaskOrder::DueAt;
    let statement = match () {
        () if filter.ids.is_some() => &statements.list_by_ids,
        () if filter.keys.is_some() => &statements.list_by_keys,
        () if filter.subject.is_some() => &statements.list_by_subject,
        () if filter.person.is_some() => &statements.list_by_person,
        () if by_due => &statements.list_all_by_due,
        () => &statements.list_all_by_id,
    };
    fn column<T, U>(items: &Option<Vec<T>>, of: impl Fn(&T) -> U) -> Option<Vec<U>> {
        items.as_ref().map(|items| items.iter().map(of).collect())
    }
    let (after_at, after_id) = match query.after {
        Some((at, id)) => (if by_due { at } else { DateTime::UNIX_EPOCH }, id.as_uuid()),
        None => (DateTime::UNIX_EPOCH, Uuid::nil()),
    };
    let found = statement
        .query()
        .bind(column(&filter.ids, |id| id.as_uuid()))
        .bind(column(&filter.keys, |key| key.as_str().to_owned()))
        .bind(filter.subject.as_ref().map(|subject| subject.kind().to_owned()))
        .bind(filter.subject.as_ref().map(|subject| subject.id().to_owned()))
        .bind(filter.person.as_ref().map(|person| person.as_str().to_owned()))
        .bind(filter.kind.as_ref().map(|kind| kind.as_str().to_owned()))
        .bind(filter.channel.as_ref().map(|channel| channel.as_str().to_owned()))
        .bind(column(&filter.states, |state| state.as_str()))
        .bind(filter.pending)
        .bind(filter.due_from)
        .bind(filter.due_before)
        .bind(after_id)
        .bind(i64::from(query.limit))
        .bind(after_at)
        .bind(by_due)
        .fetch_all(connection)
        .await?;
    Ok(found.iter().map(rows::task).collect())
}

/// One page of history, oldest first.
pub(super) async fn history(
    connection: &mut PgConnection,
    statements: &Statements,
    query: &HistoryQuery,
) -> Sql<Vec<StoredEntry>> {
    let statement = match query.task {
        Some(_) => &statements.history_of_task,
        None => &statements.history_since,
    };
    let (after_at, after_revision, after_id) = match query.after {
        Some((at, revision, id)) => (at, stored(revision), id.as_uuid()),
        None => (DateTime::UNIX_EPOCH, i64::MIN, Uuid::nil()),
    };
    let found = statement
        .query()
        .bind(query.from.map_or(after_at, |from| from.max(after_at)))
        .bind(after_at)
        .bind(after_id)
        .bind(i64::from(query.limit))
        .bind(query.task.map(|task| task.as_uuid()))
        .bind(after_revision)
        .fetch_all(connection)
        .await?;
    Ok(found.iter().map(rows::entry).collect())
}

/// What went out to persons lately.
pub(super) async fn count_sent(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    query: &SentQuery,
) -> Sql<Vec<SentCount>> {
    let people = &query.people;
    let found = statements
        .count_sent
        .query()
        .bind(people.iter().map(|to| to.channel.as_str().to_owned()).collect::<Vec<_>>())
        .bind(people.iter().map(|to| to.person.as_str().to_owned()).collect::<Vec<_>>())
        .bind(people.iter().map(|to| to.since).collect::<Vec<_>>())
        .bind(query.claim.as_uuid())
        .bind(now)
        .fetch_all(connection)
        .await?;
    let mut counts = vec![SentCount::default(); people.len()];
    for row in &found {
        // Places are counted from 1.
        let place = usize::try_from(rows::number(row, 0) - 1).unwrap_or(usize::MAX);
        let number = |column| u32::try_from(rows::count(row, column)).unwrap_or(u32::MAX);
        if let Some(count) = counts.get_mut(place) {
            *count = SentCount::new(number(1), rows::instant(row, 2), number(3));
        }
    }
    Ok(counts)
}

/// Counts what is stored; in a transaction that sees one moment.
pub(super) async fn stats(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
) -> Sql<StoreStats> {
    let tasks = statements.stats_tasks.query().fetch_all(&mut *connection).await?;
    let pending = statements.stats_pending.query().bind(now).fetch_one(&mut *connection).await?;
    let erased = statements.counters.query().fetch_all(&mut *connection).await?;

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
