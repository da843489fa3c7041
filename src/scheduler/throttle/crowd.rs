//! The limit of messages to one person, whoever asked for them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::policy::Rate;
use crate::store::{SentQuery, SentTo, StoreResult, TaskStore};
use crate::task::{Channel, ClaimId, PersonKey, Task};
use crate::time::{saturating_add, saturating_sub};

/// For how many persons the times are remembered to which messages were put off. Without that
/// memory they would all come back at the same time, and be put off again.
const REMEMBERED_MAX: usize = 10_000;
/// How far ahead a message is put off at most: 12 h. Whatever waits before it may be cancelled or
/// expire meanwhile, so that it looks again.
const AHEAD_MAX: Duration = Duration::from_secs(12 * 3_600);
/// With less time than this before it expires, a message does not wait for what is under way: 1 s.
const WAIT_MIN: Duration = Duration::from_secs(1);

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
            if used < limit.count() / 2 {
                // Nobody waits for room any more.
                self.next().remove(&(channel.clone(), person.clone()));
            }
            if tasks.len() <= free {
                continue;
            }
            // The first of them makes room when it is over; what is under way is known sooner.
            let room_at = match count.first_at {
                Some(first) => saturating_add(first, limit.per()),
                None => saturating_add(now, limit.spacing()),
            };
            // So many more may go out if nothing of what is under way arrives.
            let unsure = limit.count().saturating_sub(count.sent) as usize - free;
            for (place, task) in tasks.into_iter().skip(free).enumerate() {
                let until = self.next_free(now, task, room_at, limit);
                let until = match until >= task.expires_at && place < unsure {
                    true => soon(now, task, place, unsure).unwrap_or(until),
                    false => until,
                };
                barred.push((task, until));
            }
        }
        Ok(barred)
    }

    /// A time of its own for each message that waits, as far apart as the limit asks. It is taken
    /// only by a message that does not expire before.
    fn next_free(
        &self,
        now: DateTime<Utc>,
        task: &Task,
        room_at: DateTime<Utc>,
        limit: Rate,
    ) -> DateTime<Utc> {
        let mut next = self.next();
        let key = (task.channel.clone(), task.person.clone());
        let free = next.get(&key).copied().unwrap_or(room_at).max(room_at);
        let last = saturating_add(now, AHEAD_MAX).max(room_at);
        if free > last || free >= task.expires_at {
            return free.min(last);
        }
        if next.len() >= REMEMBERED_MAX && !next.contains_key(&key) {
            next.retain(|_, at| *at > now);
        }
        if next.len() < REMEMBERED_MAX || next.contains_key(&key) {
            next.insert(key, saturating_add(free, limit.spacing()));
        }
        free
    }

    fn next(&self) -> MutexGuard<'_, HashMap<(Channel, PersonKey), DateTime<Utc>>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When to look again at a message that others which are under way leave no room for, if it
/// expires before there is room for sure: within half of its time, each at another instant, so
/// that two engines do not stand in each other's way again.
fn soon(now: DateTime<Utc>, task: &Task, place: usize, of: usize) -> Option<DateTime<Utc>> {
    let left = task.expires_at.signed_duration_since(now).to_std().ok()?;
    let part = (place + 1) as f64 / of as f64;
    (left >= WAIT_MIN).then(|| saturating_add(now, (left / 2).mul_f64(part)))
}
