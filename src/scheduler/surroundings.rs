//! What holds around an engine: breakers, pauses, running engines, the seal. Read for whoever
//! explains it; reading changes nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::brakes::{BREAKER, NOTES_MAX, PAUSE, breaker_of};
use super::engine::Engine;
use super::maintenance::{PRESENCE, Presence, TZDB};
use super::throttle::Pace;
use super::{Paused, Suppression};
use crate::policy::{Breaker, Rate};
use crate::store::{Note, NoteStore, SEAL_NOTE, StoreResult};
use crate::task::{Channel, TaskId};
use crate::time::saturating_sub;

/// An engine whose presence note is older than this many renewals no longer counts as running.
const RUNNING_RENEWALS: u32 = 3;

/// What holds around an engine.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) now: DateTime<Utc>,
    pub(crate) breakers: Vec<(Channel, Breaker)>,
    /// What is paused, and since when, where that is known.
    pub(crate) pauses: Vec<(Paused, Option<DateTime<Utc>>)>,
    /// The engines that run on this store; `None` where it keeps no notes by which to know.
    pub(crate) running: Option<Vec<Running>>,
    /// The tasks to be explained whose address is suppressed.
    pub(crate) suppressed: HashMap<TaskId, Suppression>,
    /// The channels that have sent as much as they may: how much that is, and until when.
    pub(crate) paced: Vec<(Channel, Rate, DateTime<Utc>)>,
    /// What is wrong with this engine.
    pub(crate) trouble: Option<String>,
    /// The name of this engine's environment.
    pub(crate) environment: Option<String>,
    /// The environment that the database is sealed for.
    pub(crate) seal: Option<String>,
    /// The newest zone rules by which rows were computed.
    pub(crate) tzdb: Option<String>,
}

/// A running engine, as its presence note tells.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) name: String,
    pub(crate) seen_at: DateTime<Utc>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) tzdb: String,
    pub(crate) trouble: Option<String>,
}

impl Engine {
    /// Reads what holds around this engine.
    pub(crate) async fn look_around(&self) -> StoreResult<Surroundings> {
        let local = |what| (what, None);
        let mut found = Surroundings {
            now: self.now(),
            breakers: self.brakes.breakers(),
            pauses: self.brakes.pauses().into_iter().map(local).collect(),
            running: None,
            suppressed: HashMap::new(),
            paced: self.paced(),
            trouble: self.trouble(),
            environment: self.environment.clone(),
            seal: None,
            tzdb: None,
        };
        if let Some(notes) = self.store.notes() {
            self.read_into(&mut found, notes).await?;
        }
        Ok(found)
    }

    /// The channels that are closed by their rate, as far as this engine knows.
    fn paced(&self) -> Vec<(Channel, Rate, DateTime<Utc>)> {
        let now = self.now();
        let closed = |(channel, pace): (&Channel, &Pace)| {
            Some((channel.clone(), pace.rate(), pace.closed_until(now)?))
        };
        self.paces.iter().filter_map(closed).collect()
    }

    /// Asks each notifier whether it works: the channels of those that do not, and why.
    pub(crate) async fn failing_notifiers(&self) -> Vec<(Channel, String)> {
        let mut failing = Vec::new();
        for (channel, lane) in &self.channels {
            if let Err(error) = lane.notifier.check().await {
                failing.push((channel.clone(), error.to_string()));
            }
        }
        failing
    }

    /// Where a store keeps notes they count, and not what this engine remembers of them.
    async fn read_into(&self, found: &mut Surroundings, notes: &dyn NoteStore) -> StoreResult<()> {
        let breakers = notes.list_notes(BREAKER, NOTES_MAX).await?;
        found.breakers = breakers.iter().filter_map(breaker_of).collect();
        let pauses = notes.list_notes(PAUSE, NOTES_MAX).await?;
        let pause = |note: &Note| Some((Paused::of_note(&note.name)?, Some(note.updated_at)));
        found.pauses = pauses.iter().filter_map(pause).collect();
        let seen_from =
            saturating_sub(found.now, self.config.presence.saturating_mul(RUNNING_RENEWALS));
        let present = notes.list_notes(PRESENCE, NOTES_MAX).await?;
        let fresh = present.iter().filter(|note| note.updated_at >= seen_from);
        found.running = Some(fresh.filter_map(running).collect());
        let named = notes.read_notes(&[SEAL_NOTE.to_owned(), TZDB.to_owned()]).await?;
        let mut texts = named.into_iter().map(|note| note.map(|note| note.text));
        found.seal = texts.next().flatten();
        found.tzdb = texts.next().flatten();
        Ok(())
    }
}

fn running(note: &Note) -> Option<Running> {
    let presence: Presence = serde_json::from_str(&note.text).ok()?;
    Some(Running {
        name: note.name.strip_prefix(PRESENCE)?.to_owned(),
        seen_at: note.updated_at,
        channels: presence.channels,
        tzdb: presence.tzdb,
        trouble: presence.trouble,
    })
}
