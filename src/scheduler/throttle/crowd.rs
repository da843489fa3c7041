//! The limit of messages to one person, whoever asked for them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::policy::Rate;
use crate::store::{SentQuery, SentTo, StoreResult, TaskStore};
use crate::task::{Channel, ClaimId, PersonKey, Task};
use crate::time::{saturating_add, saturating_sub};

/// For how many persons the times are remembered to which messages were put off. Without that
/// memory they would all come back at the same time, and be put off again.
const REMEMBERED_MAX: usize = 10_000;

/// Limits by channel, and to when messages were put off.
#[derive(Debug)]
pub(crate) struct Crowds {
    limits: BTreeMap<Channel, Rate>,
    /// The next time that is free, by channel and person.
    next: Mutex<HashMap<(Channel, PersonKey), DateTime<Utc>>>,
}

impl Crowds {
    pub(crate) fn new(limits: BTreeMap<Channel, Rate>) -> Crowds {
        Crowds { limits, next: Mutex::default() }
    }

    /// Those of a claim's tasks, given in the order of their turn, that are too many, and until
    /// when each has to wait.
    ///
    /// Whatever another claim holds counts as sent. Of two claims at the same time at least one
    /// sees the other, because each counts after it was stored; so together they never send too
    /// many, and at worst too few for a moment.
    pub(super) async fn bar<'t>(
        &self,
        store: &dyn TaskStore,
        now: DateTime<Utc>,
        claim: ClaimId,
        tasks: &[&'t Task],
    ) -> StoreResult<Vec<(&'t Task, DateTime<Utc>)>> {
        let mut people: BTreeMap<(&Channel, &PersonKey), Vec<&'t Task>> = BTreeMap::new();
        for task in tasks.iter().filter(|task| self.limits.contains_key(&task.channel)) {
            people.entry((&task.channel, &task.person)).or_default().push(task);
        }
        let ask = |(channel, person): &(&Channel, &PersonKey)| {
            let since = saturating_sub(now, self.limits[*channel].per());
            SentTo::new((*channel).clone(), (*person).clone(), since)
        };
        let asked: Vec<SentTo> = people.keys().map(ask).collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let counts = store.count_sent(now, &SentQuery::new(claim, asked)).await?;
        let mut barred = Vec::new();
        for (((channel, person), tasks), count) in people.into_iter().zip(counts) {
            let limit = self.limits[channel];
            let used = count.sent.saturating_add(count.under_way);
            let free = limit.count().saturating_sub(used) as usize;
            if tasks.len() <= free {
                continue;
            }
            // The first of them makes room when it is over; what is under way is known sooner.
            let room_at = match count.first_at {
                Some(first) => saturating_add(first, limit.per()),
                None => saturating_add(now, limit.spacing()),
            };
            for task in tasks.into_iter().skip(free) {
                barred.push((task, self.next_free(now, channel, person, room_at, limit)));
            }
        }
        Ok(barred)
    }

    /// A time of its own for each message that waits, as far apart as the limit asks.
    fn next_free(
        &self,
        now: DateTime<Utc>,
        channel: &Channel,
        person: &PersonKey,
        room_at: DateTime<Utc>,
        limit: Rate,
    ) -> DateTime<Utc> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (channel.clone(), person.clone());
        let free = next.get(&key).copied().unwrap_or(room_at).max(room_at);
        if next.len() >= REMEMBERED_MAX && !next.contains_key(&key) {
            next.retain(|_, at| *at > now);
        }
        if next.len() < REMEMBERED_MAX || next.contains_key(&key) {
            next.insert(key, saturating_add(free, limit.spacing()));
        }
        free
    }
}
