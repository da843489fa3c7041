//! How the whole stands: counts, backlog, the last day, and what holds at the moment.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::explain::SCHEMA;
use super::recent::{LastDay, Lateness, Recent};
use super::redact::redacted;
use super::wire;
use super::worker::Worker;
use crate::policy::{Breaker, BreakerState};
use crate::scheduler::{Paused, Surroundings};
use crate::store::StoreStats;
use crate::task::{Channel, Kind, SafeText, TaskState};

/// How the whole stands. `Display` is a small table for people; `Serialize` gives the same as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// The version of this data: [`SCHEMA`].
    pub schema: u32,
    /// As of when.
    #[serde(serialize_with = "wire::instant")]
    pub at: DateTime<Utc>,
    /// Stored tasks by state; every state is there.
    pub states: BTreeMap<TaskState, u64>,
    /// Stored tasks by kind and state.
    pub kinds: BTreeMap<Kind, BTreeMap<TaskState, u64>>,
    /// Stored tasks by channel and state.
    pub channels: BTreeMap<Channel, BTreeMap<TaskState, u64>>,
    /// Finished tasks that were erased since the store was made, by state.
    pub erased: BTreeMap<TaskState, u64>,
    /// All tasks that there ever were, stored or erased, by state.
    pub totals: BTreeMap<TaskState, u64>,
    /// Tasks that are not finished.
    pub pending: u64,
    /// Of those, the ones whose due time is over.
    pub overdue: u64,
    /// The oldest due time of a pending task.
    #[serde(serialize_with = "wire::instant_option")]
    pub oldest_due_at: Option<DateTime<Utc>>,
    /// When an engine must next look at a task.
    #[serde(serialize_with = "wire::instant_option")]
    pub next_wake_at: Option<DateTime<Utc>>,
    /// Tasks that a worker holds.
    pub leased: u64,
    /// Stored entries of the history.
    pub entries: u64,
    /// The last 24 hours.
    pub last_day: LastDay,
    /// How late the messages of the last hour were.
    pub lateness: Lateness,
    /// The breakers that remember a failure.
    pub breakers: Vec<BreakerStanding>,
    /// What people paused.
    pub pauses: Vec<PauseStanding>,
    /// The engines that run on this store; absent where it cannot be known.
    pub workers: Option<Vec<Worker>>,
    /// The version of this engine's zone rules.
    pub tz_version: String,
    /// The newest zone rules by which due times were computed; absent before that was done.
    pub tz_version_stored: Option<String>,
    /// What is wrong with this engine.
    pub trouble: Option<SafeText>,
}

/// A breaker that remembers a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BreakerStanding {
    /// The channel.
    pub channel: Channel,
    /// Whether nothing is attempted on it at the moment.
    pub open: bool,
    /// Since when it is down.
    #[serde(serialize_with = "wire::instant_option")]
    pub since: Option<DateTime<Utc>>,
    /// When it is tried again.
    #[serde(serialize_with = "wire::instant_option")]
    pub until: Option<DateTime<Utc>>,
    /// What it answered last.
    pub reason: Option<SafeText>,
}

/// Something that a person paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PauseStanding {
    /// What is paused.
    pub what: Paused,
    /// Since when, where that is known.
    #[serde(serialize_with = "wire::instant_option")]
    pub since: Option<DateTime<Utc>>,
}

impl Stats {
    /// Puts together what was read.
    pub(super) fn of(
        around: &Surroundings,
        stored: &StoreStats,
        recent: Recent,
        tz_version: &str,
    ) -> Stats {
        let mut states: BTreeMap<TaskState, u64> =
            TaskState::ALL.into_iter().map(|state| (state, 0)).collect();
        let mut kinds: BTreeMap<Kind, BTreeMap<TaskState, u64>> = BTreeMap::new();
        let mut channels: BTreeMap<Channel, BTreeMap<TaskState, u64>> = BTreeMap::new();
        for part in &stored.tasks {
            *states.entry(part.state).or_default() += part.count;
            let kind = kinds.entry(part.kind.clone()).or_default();
            *kind.entry(part.state).or_default() += part.count;
            let channel = channels.entry(part.channel.clone()).or_default();
            *channel.entry(part.state).or_default() += part.count;
        }
        let mut totals = states.clone();
        for (state, count) in &stored.erased.tasks {
            *totals.entry(*state).or_default() += count;
        }
        let pending = states.iter().filter(|(state, _)| !state.is_finished());
        let breaker = |(channel, breaker): &(Channel, Breaker)| {
            BreakerStanding::of(around.now, channel, breaker)
        };
        let pause = |(what, since): &(Paused, Option<DateTime<Utc>>)| PauseStanding {
            what: what.clone(),
            since: *since,
        };
        Stats {
            schema: SCHEMA,
            at: around.now,
            pending: pending.map(|(_, count)| count).sum(),
            states,
            kinds,
            channels,
            erased: stored.erased.tasks.clone(),
            totals,
            overdue: stored.overdue,
            oldest_due_at: stored.oldest_due_at,
            next_wake_at: stored.next_wake_at,
            leased: stored.leased,
            entries: stored.entries,
            last_day: recent.day,
            lateness: recent.lateness,
            breakers: around.breakers.iter().map(breaker).collect(),
            pauses: around.pauses.iter().map(pause).collect(),
            workers: Worker::all(around),
            tz_version: tz_version.to_owned(),
            tz_version_stored: around.tzdb.clone(),
            trouble: around.trouble.as_ref().map(|what| redacted(&SafeText::new(what))),
        }
    }
}

impl BreakerStanding {
    fn of(now: DateTime<Utc>, channel: &Channel, breaker: &Breaker) -> BreakerStanding {
        let until = match breaker.state(now) {
            BreakerState::Open { until } => Some(until),
            BreakerState::Closed | BreakerState::HalfOpen => None,
        };
        BreakerStanding {
            channel: channel.clone(),
            open: until.is_some(),
            since: breaker.open_since(),
            until,
            reason: breaker.reason().map(|reason| redacted(&SafeText::new(reason))),
        }
    }
}
