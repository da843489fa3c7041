//! What keeps a channel or kind from being served: breakers that opened by themselves, and pauses
//! that people set. Shared through the store's notes; kept locally where it has none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::policy::{Breaker, BreakerPolicy, BreakerState};
use crate::store::{Note, NoteWrite, StoreResult, TaskStore, WriteOutcome};
use crate::task::{Channel, Kind, SafeText};
use crate::time::{Clock, saturating_add};

/// Where notes about breakers and pauses stand.
pub(super) const BREAKER: &str = "breaker/";
pub(super) const PAUSE: &str = "pause/";
/// How old what was read may be when a claimed task is attempted.
const FRESH: Duration = Duration::from_secs(5);
/// How often a write that lost its race is repeated.
const RACES_MAX: u32 = 8;
/// How many notes of one sort are read.
pub(super) const NOTES_MAX: u32 = 1_000;

/// What a pause is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Paused {
    /// Everything on a channel.
    Channel(Channel),
    /// Everything of a kind.
    Kind(Kind),
}

impl Paused {
    fn note(&self) -> String {
        match self {
            Paused::Channel(channel) => format!("{PAUSE}channel/{channel}"),
            Paused::Kind(kind) => format!("{PAUSE}kind/{kind}"),
        }
    }

    pub(super) fn of_note(name: &str) -> Option<Paused> {
        let (what, name) = name.strip_prefix(PAUSE)?.split_once('/')?;
        match what {
            "channel" => Some(Paused::Channel(Channel::from_stored(name.to_owned()))),
            "kind" => Some(Paused::Kind(Kind::from_stored(name.to_owned()))),
            _ => None,
        }
    }
}

/// How a channel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// As much as there are slots.
    Free,
    /// One attempt, to see whether the channel works again.
    Probe,
    /// Nothing, until then at the earliest.
    Closed { until: Option<DateTime<Utc>> },
}

/// Breakers and pauses, as far as this engine knows.
#[derive(Debug)]
pub(crate) struct Brakes {
    store: Arc<dyn TaskStore>,
    clock: Arc<dyn Clock>,
    policy: BreakerPolicy,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    breakers: BTreeMap<Channel, Breaker>,
    pauses: BTreeSet<Paused>,
    read_at: Option<Duration>,
}

impl Brakes {
    pub(crate) fn new(
        store: Arc<dyn TaskStore>,
        clock: Arc<dyn Clock>,
        policy: BreakerPolicy,
    ) -> Brakes {
        Brakes { store, clock, policy, state: Mutex::default() }
    }

    /// Reads the notes again, unless they were read just now.
    pub(crate) async fn refresh(&self) -> StoreResult<()> {
        let now = self.clock.monotonic();
        let fresh = self.lock().read_at.is_some_and(|at| now.saturating_sub(at) < FRESH);
        if fresh { Ok(()) } else { self.reload().await }
    }

    /// Reads the notes again.
    pub(crate) async fn reload(&self) -> StoreResult<()> {
        let read_at = self.clock.monotonic();
        let Some(notes) = self.store.notes() else {
            self.lock().read_at = Some(read_at);
            return Ok(());
        };
        let breakers = notes.list_notes(BREAKER, NOTES_MAX).await?;
        let pauses = notes.list_notes(PAUSE, NOTES_MAX).await?;
        let mut state = self.lock();
        // Failures that did not open a breaker yet are known here alone, and must add up.
        state.breakers.retain(|_, breaker| breaker.open_since().is_none());
        state.breakers.extend(breakers.iter().filter_map(breaker_of));
        state.pauses = pauses.iter().filter_map(|note| Paused::of_note(&note.name)).collect();
        state.read_at = Some(read_at);
        Ok(())
    }

    /// Whether anything is closed or paused, so that a look at the notes is worth a statement.
    pub(crate) fn any(&self) -> bool {
        let state = self.lock();
        !state.breakers.is_empty() || !state.pauses.is_empty() || state.read_at.is_none()
    }

    /// How a channel stands.
    pub(crate) fn traffic(&self, now: DateTime<Utc>, channel: &Channel) -> Traffic {
        let state = self.lock();
        if !state.pauses.is_empty() && state.pauses.contains(&Paused::Channel(channel.clone())) {
            return Traffic::Closed { until: None };
        }
        match state.breakers.get(channel) {
            None => Traffic::Free,
            Some(breaker) => match breaker.state(now) {
                BreakerState::Open { until } => Traffic::Closed { until: Some(until) },
                BreakerState::HalfOpen => Traffic::Probe,
                BreakerState::Closed => Traffic::Free,
            },
        }
    }

    /// Whether a kind is paused.
    pub(crate) fn is_kind_paused(&self, kind: &Kind) -> bool {
        let state = self.lock();
        !state.pauses.is_empty() && state.pauses.contains(&Paused::Kind(kind.clone()))
    }

    /// Everything that is paused.
    pub(crate) fn pauses(&self) -> Vec<Paused> {
        self.lock().pauses.iter().cloned().collect()
    }

    /// Every breaker that remembers a failure.
    pub(crate) fn breakers(&self) -> Vec<(Channel, Breaker)> {
        let state = self.lock();
        state.breakers.iter().map(|(channel, breaker)| (channel.clone(), breaker.clone())).collect()
    }

    /// A channel answered: whatever was held against it is forgotten.
    pub(crate) async fn works(&self, now: DateTime<Utc>, channel: &Channel) {
        if self.lock().breakers.remove(channel).is_some() {
            self.share(now, channel, |_| None).await;
        }
    }

    /// A channel does not work. Answers when it may be tried again.
    pub(crate) async fn is_down(
        &self,
        now: DateTime<Utc>,
        channel: &Channel,
        retry_after: Option<Duration>,
        why: &SafeText,
    ) -> DateTime<Utc> {
        let wish = retry_after.map(|wait| saturating_add(now, wait));
        let fail =
            |breaker: Breaker| breaker.on_channel_down(now, &self.policy, wish, why.to_string());
        let breaker = {
            let mut state = self.lock();
            let known = state.breakers.remove(channel).unwrap_or_default();
            let breaker = fail(known);
            state.breakers.insert(channel.clone(), breaker.clone());
            breaker
        };
        let open = breaker.open_until(now);
        if open.is_some() {
            tracing::error!(%channel, why = %why, until = ?open, "the channel does not work");
            let shared = breaker.clone();
            self.share(now, channel, move |stored| match stored {
                // Whoever knows of the longer pause is right.
                Some(stored) if stored.open_until(now) >= shared.open_until(now) => Some(stored),
                _ => Some(shared.clone()),
            })
            .await;
        }
        open.unwrap_or(now)
    }

    /// Rewrites the shared note of a breaker. A store that fails here loses nothing: each engine
    /// finds out for itself.
    async fn share(
        &self,
        now: DateTime<Utc>,
        channel: &Channel,
        edit: impl Fn(Option<Breaker>) -> Option<Breaker> + Send + Sync,
    ) {
        let name = format!("{BREAKER}{channel}");
        let edit = |note: Option<&Note>| {
            edit(note.and_then(|note| serde_json::from_str(&note.text).ok()))
                .and_then(|breaker| serde_json::to_string(&breaker).ok())
        };
        if let Err(error) = rewrite(&*self.store, now, &name, edit).await {
            tracing::warn!(%error, note = %name, "a breaker could not be shared");
        }
    }

    /// Pauses a channel or kind for every engine on this store.
    pub(crate) async fn pause(&self, now: DateTime<Utc>, what: Paused) -> StoreResult<()> {
        rewrite(&*self.store, now, &what.note(), |_| Some("{}".to_owned())).await?;
        self.lock().pauses.insert(what);
        Ok(())
    }

    /// Ends a pause.
    pub(crate) async fn resume(&self, now: DateTime<Utc>, what: &Paused) -> StoreResult<()> {
        rewrite(&*self.store, now, &what.note(), |_| None).await?;
        self.lock().pauses.remove(what);
        if let Paused::Channel(channel) = what {
            self.works(now, channel).await;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The breaker that a note tells of.
pub(super) fn breaker_of(note: &Note) -> Option<(Channel, Breaker)> {
    let channel = Channel::from_stored(note.name.strip_prefix(BREAKER)?.to_owned());
    Some((channel, serde_json::from_str(&note.text).ok()?))
}

/// Rewrites one note by compare-and-set, a few times if others write it too.
pub(crate) async fn rewrite(
    store: &dyn TaskStore,
    now: DateTime<Utc>,
    name: &str,
    edit: impl Fn(Option<&Note>) -> Option<String> + Send,
) -> StoreResult<()> {
    let Some(notes) = store.notes() else { return Ok(()) };
    for _ in 0..RACES_MAX {
        let found = notes.read_notes(&[name.to_owned()]).await?.pop().flatten();
        let text = edit(found.as_ref());
        if text.is_none() && found.is_none() || text == found.as_ref().map(|n| n.text.clone()) {
            return Ok(());
        }
        let write = NoteWrite::new(name, found.as_ref(), text);
        if !matches!(notes.write_note(now, &write).await?, WriteOutcome::Stale) {
            return Ok(());
        }
    }
    Ok(())
}
