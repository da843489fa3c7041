//! Items of a batch as arrays, one a column, the form in which one statement takes them all.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;

use crate::store::{Change, Extension, LeaseChange, NOTIFY_WITHIN, Quota, Times};
use crate::task::{HistoryEntry, NewTask, Revision, SafeText};

pub(super) type Bound = Query<'static, Postgres, PgArguments>;

/// Binds one array for each expression, in their order.
macro_rules! bind_columns {
    ($query:expr, $items:expr, |$item:ident| $($column:expr),* $(,)?) => {
        $query$(.bind($items.iter().map(|$item| $column).collect::<Vec<_>>()))*
    };
}

/// The rows that `insert_tasks.sql` takes, each with its first entry.
pub(super) fn new_rows(query: Bound, now: DateTime<Utc>, items: &[&NewTask]) -> Bound {
    let query = bind_columns!(
        query.bind(now),
        items,
        |new| new.id.as_uuid(),
        new.kind.as_str().to_owned(),
        new.subject.kind().to_owned(),
        new.subject.id().to_owned(),
        new.person.as_str().to_owned(),
        new.channel.as_str().to_owned(),
        i16::from(new.priority.as_number()),
        new.dedup_key.as_str().to_owned(),
        new.state.as_str(),
        new.event_at,
        new.due_at,
        new.expires_at,
        new.wake_at,
        new.state.is_finished().then_some(now),
        new.recipient.as_str().to_owned(),
        new.data.as_str().to_owned(),
        new.body.as_str().to_owned(),
    );
    entries(query, &items.iter().map(|new| &new.entry).collect::<Vec<_>>())
}

/// The rows that `apply.sql` takes, each with its entry.
pub(super) fn changed_rows(query: Bound, now: DateTime<Utc>, items: &[&Change]) -> Bound {
    fn times<T>(change: &Change, part: impl Fn(&Times) -> Option<T>) -> Option<T> {
        change.times.as_ref().and_then(part)
    }
    let query = bind_columns!(
        query.bind(now),
        items,
        |change| change.task.as_uuid(),
        stored(change.expected),
        change.state.as_str(),
        change.state.is_finished().then_some(now),
        change.wake_at,
        change.times.is_some(),
        times(change, |times| times.event_at),
        times(change, |times| Some(times.due_at)),
        times(change, |times| Some(times.expires_at)),
        i16::from(change.priority.as_number()),
        i64::from(change.attempts),
        owned(change.last_error.as_ref()),
        change.lease == LeaseChange::Clear,
        owned(change.recipient.as_ref()),
        change.data.as_ref().map(|data| data.as_str().to_owned()),
        change.body.as_ref().map(|body| body.as_str().to_owned()),
    );
    entries(query, &items.iter().map(|change| &change.entry).collect::<Vec<_>>())
}

/// The rows that `extend.sql` takes.
pub(super) fn extended_rows(query: Bound, now: DateTime<Utc>, items: &[&Extension]) -> Bound {
    bind_columns!(
        query.bind(now),
        items,
        |extension| extension.task.as_uuid(),
        extension.claim.as_uuid(),
        extension.until,
        extension.hand_off,
    )
}

/// The quotas that `claim.sql` takes.
pub(super) fn quotas(query: Bound, quotas: &[&Quota]) -> Bound {
    bind_columns!(
        query,
        quotas,
        |quota| quota.channel.as_str().to_owned(),
        i16::from(quota.priority.as_number()),
        i64::from(quota.limit),
    )
}

fn entries(query: Bound, items: &[&HistoryEntry]) -> Bound {
    bind_columns!(
        query,
        items,
        |entry| entry.id.as_uuid(),
        entry.at,
        entry.what.as_str(),
        entry.state.as_str(),
        i64::from(entry.generation),
        i64::from(entry.attempt),
        entry.reason.as_ref().map(|reason| reason.as_str().to_owned()),
        owned(entry.code.as_ref()),
        owned(entry.detail.as_ref()),
        owned(entry.provider_id.as_ref()),
        entry.lateness.map(micros),
        entry.until,
    )
}

/// A revision as it is stored; one that cannot be stored equals none that is.
pub(super) fn stored(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

/// Whether a row that wakes then is worth waking an engine for.
pub(super) fn is_soon(now: DateTime<Utc>, wake_at: Option<DateTime<Utc>>) -> bool {
    wake_at.is_some_and(|wake_at| wake_at <= now + NOTIFY_WITHIN)
}

/// Whether a change, or what it inserts, is worth waking an engine for.
pub(super) fn wakes(now: DateTime<Utc>, change: &Change) -> bool {
    let inserts = change.inserts.iter().map(|new| new.wake_at);
    inserts.chain([change.wake_at]).any(|wake_at| is_soon(now, wake_at))
}

fn owned(text: Option<&SafeText>) -> Option<String> {
    text.map(|text| text.as_str().to_owned())
}

fn micros(lateness: TimeDelta) -> i64 {
    let limit = if lateness < TimeDelta::zero() { i64::MIN } else { i64::MAX };
    lateness.num_microseconds().unwrap_or(limit)
}
