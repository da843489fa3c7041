//! What went out to persons lately: for the limit of messages to one person.

use chrono::{DateTime, Utc};

use super::{HistoryQuery, StoreResult, TaskFilter, TaskQuery, TaskStore};
use crate::task::{Channel, ClaimId, PersonKey, Task, TaskState, What};

/// How many rows one page holds.
const PAGE: u32 = 500;

/// What is asked about messages that went out lately.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentQuery {
    /// The claim of whoever asks: its own rows are not counted as under way.
    pub claim: ClaimId,
    /// Whom it is about.
    pub people: Vec<SentTo>,
}

/// One person on one channel, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentTo {
    /// The channel.
    pub channel: Channel,
    /// The person.
    pub person: PersonKey,
    /// Only what came after this instant counts.
    pub since: DateTime<Utc>,
}

/// What went, or may be going, out to one person on one channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentCount {
    /// Messages that went out, or may have: entries [`What::Sent`], [`What::Uncertain`] and
    /// [`What::LateResult`].
    pub sent: u32,
    /// When the first of them was recorded.
    pub first_at: Option<DateTime<Utc>>,
    /// Tasks that another claim holds, or has handed off without an outcome.
    pub under_way: u32,
}

impl SentQuery {
    /// A question about `people`, asked for a claim.
    pub fn new(claim: ClaimId, people: Vec<SentTo>) -> SentQuery {
        SentQuery { claim, people }
    }
}

impl SentTo {
    /// One person on one channel since an instant.
    pub fn new(channel: Channel, person: PersonKey, since: DateTime<Utc>) -> SentTo {
        SentTo { channel, person, since }
    }

    /// Whether what happened to a task is told by this entry of its history.
    pub(super) fn counts(&self, what: What, at: DateTime<Utc>) -> bool {
        at > self.since && matches!(what, What::Sent | What::Uncertain | What::LateResult)
    }

    /// Whether another claim may be sending it.
    pub(super) fn is_under_way(task: &Task, now: DateTime<Utc>, claim: ClaimId) -> bool {
        let other = task.lease.filter(|lease| lease.claim != claim);
        other.is_some_and(|lease| lease.until > now || task.state == TaskState::Sending)
    }
}

impl SentCount {
    /// So many messages, the first at `first_at`, and so many tasks under way.
    pub fn new(sent: u32, first_at: Option<DateTime<Utc>>, under_way: u32) -> SentCount {
        SentCount { sent, first_at, under_way }
    }

    pub(super) fn add(&mut self, at: DateTime<Utc>) {
        self.sent += 1;
        self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
    }
}

/// The answer from what every store can tell: all rows of each person, and their histories.
pub(super) async fn counted<S: TaskStore + ?Sized>(
    store: &S,
    now: DateTime<Utc>,
    query: &SentQuery,
) -> StoreResult<Vec<SentCount>> {
    let mut counts = Vec::with_capacity(query.people.len());
    for to in &query.people {
        let mut count = SentCount::default();
        let filter = TaskFilter::person(to.person.clone()).on_channel(to.channel.clone());
        let mut page_query = TaskQuery::new(filter, PAGE);
        loop {
            let page = store.list(&page_query).await?;
            for task in page.iter().filter(|task| task.updated_at > to.since) {
                count.under_way += u32::from(SentTo::is_under_way(task, now, query.claim));
                count_history(store, to, task, &mut count).await?;
            }
            match page.last() {
                Some(last) if page.len() == PAGE as usize => page_query = page_query.after(last),
                _ => break,
            }
        }
        counts.push(count);
    }
    Ok(counts)
}

async fn count_history<S: TaskStore + ?Sized>(
    store: &S,
    to: &SentTo,
    task: &Task,
    count: &mut SentCount,
) -> StoreResult<()> {
    let mut query = HistoryQuery::of(task.id, PAGE);
    query.from = Some(to.since);
    loop {
        let page = store.history(&query).await?;
        for stored in page.iter().filter(|stored| to.counts(stored.entry.what, stored.entry.at)) {
            count.add(stored.entry.at);
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => query = query.after(last),
            _ => return Ok(()),
        }
    }
}
