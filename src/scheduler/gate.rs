//! The gate right before the first byte: is the row still ours, and is there still time?

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::engine::Engine;
use crate::notify::{Gate, GateClosed, Passed};
use crate::store::{Extension, WriteOutcome};
use crate::task::{ClaimId, Revision, Task, TaskId};
use crate::time::saturating_add;

/// The gate of one attempt.
pub(crate) struct TaskGate {
    engine: Arc<Engine>,
    task: TaskId,
    claim: ClaimId,
    /// The row's revision if the mark is the first write after the claim.
    after_mark: Revision,
    expires_at: DateTime<Utc>,
    marks: bool,
    state: Mutex<GateState>,
}

/// What the gate did, for the decision after the attempt.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GateState {
    /// Bytes may have left.
    pub(crate) passed: Option<Passed>,
    /// When it was last passed, on the monotonic clock.
    pub(crate) passed_at: Option<Duration>,
    /// The row's revision after the mark, and since when it stands.
    pub(crate) marked: Option<(Revision, DateTime<Utc>)>,
    /// Why it stayed closed.
    pub(crate) closed: Option<Closed>,
}

/// Why a gate stayed closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Moved, cancelled, or taken over by somebody else.
    Lost,
    /// Too late.
    Expired,
    /// The lease is about to end, or somebody else holds the row.
    NoTime,
}

impl TaskGate {
    pub(crate) fn new(engine: Arc<Engine>, task: &Task, claim: ClaimId, marks: bool) -> TaskGate {
        TaskGate {
            engine,
            task: task.id,
            claim,
            after_mark: task.revision.next(),
            expires_at: task.expires_at,
            marks,
            state: Mutex::default(),
        }
    }

    pub(crate) fn state(&self) -> GateState {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, why: Closed, words: &str) -> GateClosed {
        self.lock().closed = Some(why);
        GateClosed { why: words.into() }
    }

    /// By when the first byte must leave, if there is time at all.
    fn first_byte_by(&self) -> Result<Duration, GateClosed> {
        let engine = &self.engine;
        let Some(until) = engine.leases.until(self.task, self.claim) else {
            return Err(self.close(Closed::Lost, "the lease is lost"));
        };
        let by = until.saturating_sub(engine.config.hand_off_margin);
        let now = engine.clock.monotonic();
        if now >= by {
            return Err(self.close(Closed::NoTime, "the lease is about to end"));
        }
        let life = self.expires_at.signed_duration_since(engine.keeper.best().latest);
        Ok(by.min(now.saturating_add(life.to_std().unwrap_or_default())))
    }

    fn check_expiry(&self) -> Result<(), GateClosed> {
        match self.engine.keeper.best().latest >= self.expires_at {
            true => Err(self.close(Closed::Expired, "the message has expired")),
            false => Ok(()),
        }
    }

    /// Marks the hand-off in the store. The mark is fenced by the claim, so after a lost answer it
    /// is simply repeated, for as long as the lease lasts and the message is of use. Where the host
    /// moved or cancelled between the two, the gate stays closed.
    async fn mark(&self) -> Result<(), GateClosed> {
        let engine = &self.engine;
        let mut failures = 0;
        loop {
            let before = engine.clock.monotonic();
            let (until, now) = engine.lease_end();
            let extension = Extension::new(self.task, self.claim, until).with_hand_off();
            match engine.recorder.hand_off(now, extension).await {
                Ok(WriteOutcome::Written(revision)) if revision == self.after_mark => {
                    self.lock().marked = Some((revision, now));
                    let until = before.saturating_add(engine.config.lease);
                    engine.leases.lengthen(self.task, self.claim, until);
                    return Ok(());
                }
                Ok(WriteOutcome::Busy) => {
                    let words = "somebody else holds the row at this moment";
                    return Err(self.close(Closed::NoTime, words));
                }
                Ok(_) => {
                    let words = "the task was moved, cancelled or taken over";
                    return Err(self.close(Closed::Lost, words));
                }
                Err(_) => {
                    failures += 1;
                    engine.repeat().wait(failures).await;
                    self.check_expiry()?;
                    self.first_byte_by()?;
                }
            }
        }
    }
}

#[async_trait]
impl Gate for TaskGate {
    async fn pass(&self) -> Result<Passed, GateClosed> {
        self.check_expiry()?;
        self.first_byte_by()?;
        // A second host of the same provider: the mark stands, but time has passed.
        if self.marks && self.state().passed.is_none() {
            self.mark().await?;
            self.check_expiry()?;
        }
        let passed = Passed { first_byte_by: self.first_byte_by()? };
        let now = self.engine.clock.monotonic();
        {
            let mut state = self.lock();
            (state.passed, state.passed_at) = (Some(passed), Some(now));
        }
        self.engine.leases.pass(self.task, self.claim);
        Ok(passed)
    }
}

impl Engine {
    /// The end of a lease that begins now, and now.
    pub(crate) fn lease_end(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        let now = self.keeper.best();
        (saturating_add(now.latest, self.config.lease), now.earliest)
    }
}
