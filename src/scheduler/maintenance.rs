//! The duties beside sending: presence, retention, new zone rules. Each is idempotent and bounded;
//! there is no leader.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::brakes::rewrite;
use super::engine::Engine;
use super::plan;
use crate::store::{Erase, Probe, SEAL_NOTE, StoreResult, TaskFilter, TaskQuery, WriteOutcome};
use crate::task::{Channel, PersonKey};
use crate::time::{TzVersion, saturating_sub};

/// Where presence notes stand; one per running engine.
pub(crate) const PRESENCE: &str = "worker/";

/// The note that says which database an engine first ran on: a copy still says so.
pub(crate) const IDENTITY: &str = "identity";
/// The note that holds the newest zone rules by which rows were computed.
pub(super) const TZDB: &str = "tzdb";
/// Where the wish to forget a person stands, until nothing of it is left.
const FORGET: &str = "forget/";
/// How often to look whether this machine has newer zone rules.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How many rows one page of a walk holds.
const PAGE: u32 = 500;
/// Presence notes older than this many renewals are of engines that are gone.
const GONE_AFTER: u32 = 12;

/// What a running engine says about itself, so that pending tasks can be explained.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Presence {
    /// A note whose text stays the same is not written again; this makes each renewal one.
    #[serde(with = "crate::time::wire::instant")]
    pub(crate) seen_at: DateTime<Utc>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) tzdb: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<String>,
}

/// Runs all duties at their times until the shutdown; then takes the presence note back.
pub(crate) async fn run(engine: Arc<Engine>, shutdown: CancellationToken) {
    let (mut next_duties, mut next_look) = (Duration::ZERO, engine.clock.monotonic() + DAY);
    let duties = async {
        loop {
            let now = engine.clock.monotonic();
            report("presence", engine.show_presence().await);
            if now >= next_look {
                engine.look_for_newer_tzdb();
                next_look = now.saturating_add(DAY);
            }
            if now >= next_duties {
                let done = engine.maintain().await;
                let pause = if done.is_ok() { engine.config.maintenance } else { Duration::ZERO };
                next_duties = now.saturating_add(pause);
                report("duties", done);
            }
            engine.pause(engine.config.presence).await;
        }
    };
    // Each duty is done in steps that may end at any of them, and goes on at the next start.
    tokio::select! {
        biased;
        () = shutdown.cancelled() => {}
        () = duties => {}
    }
    report("presence", engine.take_presence_back().await);
}

fn report(duty: &'static str, result: StoreResult<()>) {
    if let Err(error) = result {
        tracing::warn!(duty, %error, "a duty of maintenance failed; it is tried again");
    }
}

impl Engine {
    /// Everything that is to be done now and then.
    pub(crate) async fn maintain(&self) -> StoreResult<()> {
        self.recompute().await?;
        self.forget_the_forgotten().await?;
        let now = self.now();
        self.suppressions.sweep(now).await?;
        self.erase_all(&Erase::BodiesBefore(saturating_sub(now, self.config.keep_bodies))).await?;
        self.erase_all(&Erase::FinishedBefore(saturating_sub(now, self.config.keep_rows))).await
    }

    /// Erases in bounded steps until nothing is left.
    pub(crate) async fn erase_all(&self, what: &Erase) -> StoreResult<()> {
        let limit = self.config.maintenance_batch;
        while self.store.erase(self.now(), what, limit).await? >= u64::from(limit) {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn show_presence(&self) -> StoreResult<()> {
        let now = self.now();
        let presence = Presence {
            seen_at: now,
            channels: self.channels.keys().cloned().collect(),
            tzdb: self.tzdb().version().to_string(),
            trouble: self.trouble(),
        };
        let text = serde_json::to_string(&presence).ok();
        rewrite(&*self.store, now, &self.presence_note(), |_| text.clone()).await?;
        self.sweep_presence(now).await
    }

    /// Takes away the notes of engines that are long gone.
    async fn sweep_presence(&self, now: DateTime<Utc>) -> StoreResult<()> {
        let Some(notes) = self.store.notes() else { return Ok(()) };
        let gone = saturating_sub(now, self.config.presence.saturating_mul(GONE_AFTER));
        for note in notes.list_notes(PRESENCE, PAGE).await? {
            if note.updated_at < gone {
                rewrite(&*self.store, now, &note.name, |_| None).await?;
            }
        }
        Ok(())
    }

    async fn take_presence_back(&self) -> StoreResult<()> {
        rewrite(&*self.store, self.now(), &self.presence_note(), |_| None).await
    }

    fn presence_note(&self) -> String {
        format!("{PRESENCE}{}", self.name)
    }

    /// What is wrong at the moment, in words.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Computes pending rows anew if the rules of the zones are newer than those by which they
    /// were computed. An engine with older rules leaves the rows alone.
    async fn recompute(&self) -> StoreResult<()> {
        let tzdb = self.tzdb();
        let ours = tzdb.version();
        if let Some(notes) = self.store.notes() {
            let note = notes.read_notes(&[TZDB.to_owned()]).await?.pop().flatten();
            if note.is_some_and(|note| TzVersion::new(&note.text) >= *ours) {
                return Ok(());
            }
        }
        let pending = TaskFilter { pending: Some(true), ..TaskFilter::default() };
        let mut query = TaskQuery::new(pending, PAGE);
        loop {
            let page = self.store.list(&query).await?;
            self.recompute_page(&page).await?;
            match page.last() {
                Some(last) if page.len() == PAGE as usize => query = query.after(last),
                _ => break,
            }
        }
        let version = ours.to_string();
        rewrite(&*self.store, self.now(), TZDB, |note| match note {
            Some(note) if TzVersion::new(&note.text) > *ours => Some(note.text.clone()),
            _ => Some(version.clone()),
        })
        .await
    }

    async fn recompute_page(&self, page: &[crate::task::Task]) -> StoreResult<()> {
        let tzdb = self.tzdb();
        let (now, planner) = (self.now(), self.planner(&tzdb));
        let mut changes = Vec::new();
        for task in page {
            match plan::recomputed(now, task, planner) {
                Ok(planned) => changes.extend(planned.write),
                Err(refused) => {
                    tracing::warn!(task = %task.id, %refused, "a due time cannot be recomputed");
                }
            }
        }
        let outcomes = self.store.apply(now, &changes).await?;
        // Whatever moved meanwhile was computed by whoever moved it.
        let written = outcomes.iter().filter(|o| matches!(o, WriteOutcome::Written(_))).count();
        if written > 0 {
            tracing::info!(written, tzdb = %tzdb.version(), "due times were recomputed");
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Erases what is left of persons who were to be forgotten while something was being sent.
    pub(crate) async fn forget_the_forgotten(&self) -> StoreResult<()> {
        let Some(notes) = self.store.notes() else { return Ok(()) };
        for note in notes.list_notes(FORGET, PAGE).await? {
            let person = PersonKey::from_stored(note.text.clone());
            self.erase_all(&Erase::Person(person.clone())).await?;
            let pending = TaskFilter::person(person).pending(true);
            let left = self.store.list(&TaskQuery::new(pending, 1)).await?;
            // By id, the oldest comes first. What was asked for since is a new relation.
            if left.first().is_none_or(|task| task.created_at > note.updated_at) {
                rewrite(&*self.store, self.now(), &note.name, |_| None).await?;
            }
        }
        Ok(())
    }

    /// Notes that a person is to be forgotten, until nothing is left.
    pub(crate) async fn note_forget(&self, person: &PersonKey) -> StoreResult<()> {
        let id = crate::task::EntryId::new(self.now(), &self.entropy);
        let text = person.as_str().to_owned();
        rewrite(&*self.store, self.now(), &format!("{FORGET}{id}"), |_| Some(text.clone())).await
    }

    /// Looks at the store before the first claim: is it sealed for somebody else, and if for
    /// nobody, seals it.
    pub(crate) async fn open(&self) -> Result<(), super::ScheduleError> {
        let before = self.clock.monotonic();
        let probe = self.store.probe().await?;
        self.keeper.compare(before, probe.server_time);
        // Whoever calls round by round is its own look at the clocks.
        self.keeper.probe();
        self.keeper.now().map_err(|doubt| super::ScheduleError::refused(doubt.0))?;
        self.check_seal(&probe)?;
        if let (Some(environment), None) = (&self.environment, &probe.seal) {
            let text = environment.clone();
            rewrite(&*self.store, self.now(), SEAL_NOTE, |note| match note {
                Some(note) => Some(note.text.clone()),
                None => Some(text.clone()),
            })
            .await?;
            self.check_seal(&self.store.probe().await?)?;
        }
        self.note_identity(&probe).await?;
        self.brakes.reload().await?;
        Ok(())
    }

    /// Notes which database this is, where no engine ran before. One that was copied or moved is
    /// worth a word, and nothing more: it may be meant.
    async fn note_identity(&self, probe: &Probe) -> StoreResult<()> {
        let Some(notes) = self.store.notes() else { return Ok(()) };
        let here = &probe.identity.0;
        match notes.read_notes(&[IDENTITY.to_owned()]).await?.into_iter().flatten().next() {
            Some(note) if note.text == *here => Ok(()),
            Some(note) => {
                tracing::warn!(was = %note.text, is = %here, "the database is not the one it was");
                Ok(())
            }
            None => rewrite(&*self.store, self.now(), IDENTITY, |_| Some(here.clone())).await,
        }
    }
}
