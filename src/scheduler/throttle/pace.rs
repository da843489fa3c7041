//! The limit of messages on one channel: permits that all engines take from one note.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::policy::Rate;
use crate::store::{NoteWrite, StoreError, StoreErrorKind, StoreResult, TaskStore, WriteOutcome};
use crate::task::Channel;
use crate::time::wire;

/// Where the notes stand, one for each channel with a limit.
const RATE: &str = "rate/";
/// How often a write that lost its race is repeated.
const RACES_MAX: u32 = 20;

/// The pace of one channel.
#[derive(Debug)]
pub(crate) struct Pace {
    rate: Rate,
    note: String,
    /// As far as this engine knows; absent before it has sent anything.
    spent_until: Mutex<Option<DateTime<Utc>>>,
    /// Since when there was always more to send than may be.
    short_since: Mutex<Option<DateTime<Utc>>>,
}

/// What the engines of a store share about one channel.
#[derive(Serialize, Deserialize)]
struct Spent {
    /// When all permits taken so far will have come back.
    #[serde(with = "wire::instant")]
    until: DateTime<Utc>,
}

impl Pace {
    pub(crate) fn new(channel: &Channel, rate: Rate) -> Pace {
        let note = format!("{RATE}{channel}");
        Pace { rate, note, spent_until: Mutex::default(), short_since: Mutex::default() }
    }

    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// When it is worth claiming on the channel again; `None` if it is now.
    pub(crate) fn closed_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let known = self.known_at(now)?;
        Some(self.rate.worth_at(known)).filter(|at| *at > now)
    }

    /// How many rows to claim: as many as may leave at once.
    pub(crate) fn free(&self, now: DateTime<Utc>) -> u32 {
        match self.known_at(now) {
            Some(known) => self.rate.free(now, known),
            None => self.rate.burst(),
        }
    }

    /// Takes note of a claim with so many rows of the channel: as many as it asked for means that
    /// more are waiting.
    pub(crate) fn look(&self, now: DateTime<Utc>, rows: usize) {
        if self.closed_until(now).is_some() {
            return; // it was not asked for
        }
        let mut short = self.short_since.lock().unwrap_or_else(PoisonError::into_inner);
        *short = (rows >= self.free(now) as usize).then(|| short.unwrap_or(now));
    }

    /// Whether messages were waiting for the rate at an instant.
    pub(super) fn was_short_at(&self, at: DateTime<Utc>) -> bool {
        let short = self.short_since.lock().unwrap_or_else(PoisonError::into_inner);
        short.is_some_and(|since| since <= at)
    }

    /// Takes as many permits as there are, at most `wanted`: in one write for a whole claim.
    pub(super) async fn take(
        &self,
        store: &dyn TaskStore,
        now: DateTime<Utc>,
        wanted: u32,
    ) -> StoreResult<u32> {
        let Some(notes) = store.notes() else {
            let known = self.known_at(now).unwrap_or(now);
            return Ok(self.spend(now, known, wanted).0);
        };
        for _ in 0..RACES_MAX {
            let found = notes.read_notes(std::slice::from_ref(&self.note)).await?.pop().flatten();
            let spent = found.as_ref().and_then(|note| serde_json::from_str(&note.text).ok());
            let spent = spent.map_or(now, |spent: Spent| spent.until);
            let known = spent.min(self.all_spent(now));
            let (taken, until) = self.spend(now, known, wanted);
            if taken == 0 && known == spent {
                return Ok(0);
            }
            let text = serde_json::to_string(&Spent { until }).ok();
            let write = NoteWrite::new(&self.note, found.as_ref(), text);
            match notes.write_note(now, &write).await? {
                WriteOutcome::Written(_) => return Ok(taken),
                WriteOutcome::Stale | WriteOutcome::Busy | WriteOutcome::Missing => {}
                WriteOutcome::Rejected(why) => {
                    return Err(StoreError::new(StoreErrorKind::Permanent, "write_note", why));
                }
            }
        }
        Ok(0)
    }

    fn spend(&self, now: DateTime<Utc>, known: DateTime<Utc>, wanted: u32) -> (u32, DateTime<Utc>) {
        let taken = self.rate.free(now, known).min(wanted);
        let until = self.rate.spend(now, known, taken);
        let until = if taken == 0 { known } else { until };
        *self.known() = Some(until);
        (taken, until)
    }

    /// When all permits come back, if all of them are taken at this moment. Whoever writes a later
    /// time has another rate, or a clock that ran ahead: nobody waits for that.
    fn all_spent(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.rate.spend(now, now, self.rate.burst())
    }

    fn known_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut known = self.known();
        *known = known.map(|known| known.min(self.all_spent(now)));
        *known
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<DateTime<Utc>>> {
        self.spent_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
