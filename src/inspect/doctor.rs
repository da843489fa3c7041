//! What should worry an operator, and what to do about it.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::explain::SCHEMA;
use super::symptoms::{Symptoms, findings};
use super::wire;
use crate::scheduler::{IDENTITY, Scheduler};
use crate::store::StoreResult;
use crate::task::SafeText;

/// What a look at everything found. `Display` is text for people; `Serialize` gives the same as
/// data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The version of this data: [`SCHEMA`].
    pub schema: u32,
    /// As of when.
    #[serde(serialize_with = "wire::instant")]
    pub at: DateTime<Utc>,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of thing it is.
    pub ailment: Ailment,
    /// What was seen.
    pub what: SafeText,
    /// What to do about it.
    pub remedy: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// Reminders are not sent, or not safe.
    Critical,
    /// Something will go wrong, or works worse than it could.
    Warning,
    /// Good to know.
    Note,
}

/// What kind of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ailment {
    /// The store does not answer, or answers with an error.
    StoreFails,
    /// The database is sealed for another environment: nothing is sent.
    SealedForAnother,
    /// The database is sealed, and this engine has no environment's name: it would send from a copy.
    Unnamed,
    /// The database is not the one in which the engine ran before: a copy, or a move.
    IdentityChanged,
    /// This engine said what is wrong with it.
    EngineInTrouble,
    /// Clocks differ.
    ClockSkew,
    /// What is answered for may be lost with the power.
    NotDurable,
    /// Work of other processes is not heard of, only found by the poll.
    PollOnly,
    /// A pooler hands sessions of the server around.
    Pooled,
    /// A transaction is open for so long that the database cannot clean up behind it.
    LongTransaction,
    /// The zone rules of this machine are older than others.
    OldZoneRules,
    /// Something is due and nobody claims it.
    NobodyClaims,
    /// Tasks wait for a person to decide.
    Held,
    /// A channel is paused or down.
    ChannelStopped,
    /// A notifier's own check failed.
    NotifierFails,
}

impl Diagnosis {
    /// Whether nothing was found but what is only good to know.
    pub fn is_healthy(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.findings.is_empty() {
            return write!(f, "nothing was found");
        }
        for (number, finding) in self.findings.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{}: {}\n  {}", finding.severity, finding.what, finding.remedy)?;
        }
        Ok(())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
            Severity::Note => "note",
        })
    }
}

impl Scheduler {
    /// Looks at everything that can be wrong: the store, the seal, the clocks, the zone rules, the
    /// channels, the notifiers' own checks, and work that nobody does. Each finding says what to
    /// do.
    ///
    /// It sends nothing and changes nothing. A store that fails is a finding, and no error. How
    /// long a notifier's check may take is the notifier's business.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    ///
    /// # Examples
    ///
    /// ```
    /// use puntual::Scheduler;
    /// use puntual::inspect::Ailment;
    /// use puntual::notify::MemoryNotifier;
    /// use puntual::store::MemoryStore;
    /// use puntual::task::Channel;
    ///
    /// # tokio_test::block_on(async {
    /// let mailbox = MemoryNotifier::new(Channel::EMAIL);
    /// let scheduler = Scheduler::builder(MemoryStore::new()).notifier(mailbox).build()?;
    /// let diagnosis = scheduler.doctor().await;
    /// let found = |ailment| diagnosis.findings.iter().any(|finding| finding.ailment == ailment);
    /// assert!(found(Ailment::NotDurable));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn doctor(&self) -> Diagnosis {
        let engine = &self.engine;
        let mut symptoms = Symptoms::new(engine.now(), &engine.tzdb());
        if let Err(error) = self.look_at_store(&mut symptoms).await {
            symptoms.store_error = Some(error.to_string());
        }
        symptoms.trouble = engine.trouble();
        symptoms.failing = engine.failing_notifiers().await;
        let mut findings = findings(&symptoms);
        findings.sort_by_key(|finding| finding.severity);
        Diagnosis { schema: SCHEMA, at: symptoms.now, findings }
    }

    async fn look_at_store(&self, symptoms: &mut Symptoms) -> StoreResult<()> {
        let (store, clock) = (&self.engine.store, &self.engine.clock);
        let before = clock.monotonic();
        let probe = store.probe().await?;
        let half = clock.monotonic().saturating_sub(before) / 2;
        if let Some(server) = probe.server_time.filter(|_| clock.compares_with_store()) {
            let theirs = crate::time::saturating_add(server, half);
            symptoms.skew = Some(theirs.signed_duration_since(clock.now()));
        }
        symptoms.probe = Some(probe);
        symptoms.condition = store.condition().await?;
        symptoms.stats = Some(store.stats(symptoms.now).await?);
        symptoms.around = Some(self.engine.look_around().await?);
        if let Some(notes) = store.notes() {
            let found = notes.read_notes(&[IDENTITY.to_owned()]).await?;
            symptoms.known_identity = found.into_iter().flatten().next().map(|note| note.text);
        }
        Ok(())
    }
}
