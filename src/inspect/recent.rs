//! What happened of late, counted from the history: the last day, and the last hour's lateness.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::wire::{self, micros_of};
use crate::store::{HistoryQuery, StoreResult, StoredEntry, TaskStore};
use crate::task::{HistoryEntry, Reason, TaskState, What};
use crate::time::saturating_sub;

/// How many entries one page of the history holds.
const PAGE: u32 = 1_000;
/// At most so many entries are read of the last hour, and again of the day before it: half a
/// million rows are seconds of work for any store.
const ENTRIES_MAX: usize = 250_000;

const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);
const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

/// What happened in the last 24 hours, counted from the history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LastDay {
    /// Messages that a provider accepted, or a person counted as sent.
    pub sent: u64,
    /// Tasks that failed for good.
    pub failed: u64,
    /// Tasks that expired.
    pub expired: u64,
    /// Tasks that a rule skipped.
    pub skipped: u64,
    /// Tasks that the host cancelled.
    pub cancelled: u64,
    /// Attempts that failed and were, or will be, repeated.
    pub retried: u64,
    /// Times that a task was put off without an attempt.
    pub deferred: u64,
    /// Attempts that ended without an answer.
    pub uncertain: u64,
    /// The tasks that ended without being sent, by state and reason.
    pub reasons: Vec<ReasonCount>,
    /// Whether there were more entries than are read, so that the counts are too low.
    pub partial: bool,
}

/// How many tasks ended in a state for a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReasonCount {
    /// The state in which they ended.
    pub state: TaskState,
    /// Why; absent where none was recorded.
    #[serde(serialize_with = "wire::reason")]
    pub reason: Option<Reason>,
    /// How many.
    pub count: u64,
}

/// How late the messages of the last hour were: sent minus due, in microseconds as data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Lateness {
    /// How many messages were sent in the last hour.
    pub count: u64,
    /// Half of them were at most so late.
    #[serde(rename = "p50_us", serialize_with = "wire::micros")]
    pub p50: Option<TimeDelta>,
    /// Of a hundred, 95 were at most so late.
    #[serde(rename = "p95_us", serialize_with = "wire::micros")]
    pub p95: Option<TimeDelta>,
    /// Of a hundred, 99 were at most so late.
    #[serde(rename = "p99_us", serialize_with = "wire::micros")]
    pub p99: Option<TimeDelta>,
    /// None was later than this.
    #[serde(rename = "max_us", serialize_with = "wire::micros")]
    pub max: Option<TimeDelta>,
    /// Whether there were more entries than are read.
    pub partial: bool,
}

/// Both, while they are counted.
#[derive(Debug, Default)]
pub(super) struct Recent {
    pub(super) day: LastDay,
    pub(super) lateness: Lateness,
    reasons: BTreeMap<(TaskState, String), u64>,
    late_by: Vec<i64>,
}

impl Recent {
    /// Reads the last hour first, so that its lateness is known however much happened before it.
    pub(super) async fn read(now: DateTime<Utc>, store: &dyn TaskStore) -> StoreResult<Recent> {
        Recent::read_at_most(ENTRIES_MAX, now, store).await
    }

    async fn read_at_most(
        max: usize,
        now: DateTime<Utc>,
        store: &dyn TaskStore,
    ) -> StoreResult<Recent> {
        let (hour, day) = (saturating_sub(now, HOUR), saturating_sub(now, DAY));
        let mut recent = Recent::default();
        recent.lateness.partial =
            walk(store, max, (hour, None), |entry| recent.count_last_hour(entry)).await?;
        recent.day.partial = walk(store, max, (day, Some(hour)), |entry| recent.count(entry))
            .await?
            || recent.lateness.partial;
        recent.close();
        Ok(recent)
    }

    fn count_last_hour(&mut self, entry: &HistoryEntry) {
        self.count(entry);
        if let (What::Sent, Some(lateness)) = (entry.what, entry.lateness) {
            self.late_by.push(micros_of(lateness));
        }
    }

    fn count(&mut self, entry: &HistoryEntry) {
        let day = &mut self.day;
        match entry.what {
            What::Retried => day.retried += 1,
            What::Deferred | What::Released => day.deferred += 1,
            What::Uncertain => day.uncertain += 1,
            _ => {}
        }
        // A finished row that is changed or moved stays as it is: nothing ended.
        if matches!(entry.what, What::Updated | What::Moved) {
            return;
        }
        match entry.state {
            TaskState::Sent => day.sent += 1,
            TaskState::Failed => day.failed += 1,
            TaskState::Expired => day.expired += 1,
            TaskState::Skipped => day.skipped += 1,
            TaskState::Cancelled => day.cancelled += 1,
            TaskState::Scheduled | TaskState::Sending | TaskState::Held | TaskState::Unknown => {
                return;
            }
        }
        if entry.state != TaskState::Sent {
            let word = entry.reason.as_ref().map(Reason::as_str).unwrap_or_default();
            *self.reasons.entry((entry.state, word.to_owned())).or_default() += 1;
        }
    }

    /// Turns what was gathered into what is told.
    fn close(&mut self) {
        let counted = std::mem::take(&mut self.reasons);
        let count = |((state, word), count): ((TaskState, String), u64)| ReasonCount {
            state,
            reason: (!word.is_empty()).then(|| Reason::from_stored(&word)),
            count,
        };
        self.day.reasons = counted.into_iter().map(count).collect();
        self.late_by.sort_unstable();
        let rank = |percent| percentile(&self.late_by, percent).map(TimeDelta::microseconds);
        self.lateness = Lateness {
            count: self.late_by.len() as u64,
            p50: rank(50),
            p95: rank(95),
            p99: rank(99),
            max: rank(100),
            partial: self.lateness.partial,
        };
    }
}

/// Reads every entry from one instant until another, page by page and at most `max` of them; true
/// if there were more.
async fn walk(
    store: &dyn TaskStore,
    max: usize,
    (from, until): (DateTime<Utc>, Option<DateTime<Utc>>),
    mut look: impl FnMut(&HistoryEntry) + Send,
) -> StoreResult<bool> {
    let mut query = HistoryQuery::since(from, PAGE);
    let mut read = 0;
    loop {
        let page = store.history(&query).await?;
        let in_time = |stored: &&StoredEntry| until.is_none_or(|until| stored.entry.at < until);
        let wanted = page.iter().take_while(in_time).count();
        let left = max - read;
        page.iter().take(wanted.min(left)).for_each(|stored| look(&stored.entry));
        if wanted > left {
            return Ok(true);
        }
        read += wanted;
        match page.last() {
            Some(last) if wanted == PAGE as usize => query = query.after(last),
            _ => return Ok(false),
        }
    }
}

/// The smallest value that at least `percent` of a hundred are not above (nearest rank).
fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests;
