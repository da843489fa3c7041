//! Decides and records, again and again until the row agrees or belongs to somebody else.

use super::{Delivery, Left};
use crate::scheduler::Outcome;
use crate::scheduler::decide::{Case, Happened, decide, held_as_it_is};
use crate::store::{Change, LeaseChange, TaskStoreExt, WriteOutcome};
use crate::task::{Body, Reason, SafeText, TaskState, What};

/// How often a row that changes under our hands is read and decided anew.
const RACES_MAX: u32 = 20;

impl Delivery {
    /// Decides what becomes of the task, and records it.
    pub(super) async fn settle(
        &mut self,
        mut body: Box<Body>,
        generation: u32,
        happened: Happened,
    ) -> Left {
        for _ in 0..RACES_MAX {
            let change = self.decide(&body, generation, &happened);
            match self.record(change).await {
                Some(left) => return left,
                None => match Box::pin(self.read_again()).await {
                    Some(read) => body = read,
                    None => return Left::Lost,
                },
            }
        }
        tracing::warn!(task = %self.task.id, "the task changed too often to record its outcome");
        Left::Lost
    }

    fn decide(&self, body: &Body, generation: u32, happened: &Happened) -> Change {
        let engine = &self.engine;
        let tzdb = engine.tzdb();
        let planner = engine.planner(&tzdb);
        let now = engine.now();
        let policy = self.lane.policy(body.request.retry.as_ref());
        let case = Case { task: &self.task, body, generation, policy };
        match decide(now, case, happened, planner) {
            Ok(change) => change,
            Err(refused) => {
                let detail = Some(SafeText::new(refused.to_string()));
                held_as_it_is(now, &self.task, Reason::Corrupt, detail, planner)
            }
        }
    }

    /// Records a change; `None` where the row has changed meanwhile.
    async fn record(&mut self, change: Change) -> Option<Left> {
        let engine = self.engine.clone();
        let (what, state) = (change.entry.what, change.state);
        let hears = engine.hooks.on_outcome.is_some();
        let outcome = hears.then(|| self.outcome_of(&change));
        match engine.recorder.record(engine.now(), change).await {
            WriteOutcome::Written(_) => {
                tracing::debug!(
                    task = %self.task.id, channel = %self.task.channel, %what, %state, "recorded"
                );
                if let Some(outcome) = &outcome {
                    self.tell(outcome);
                }
                Some(Left::Recorded(what, state))
            }
            WriteOutcome::Stale | WriteOutcome::Busy => None,
            WriteOutcome::Missing => Some(Left::Lost),
            WriteOutcome::Rejected(why) => {
                // The row is not lost: its lease ends, and it comes back.
                tracing::error!(task = %self.task.id, %why, "the store rejects an outcome");
                Some(Left::Lost)
            }
        }
    }

    /// Reads the row after a lost race; `None` where it is no longer ours.
    async fn read_again(&mut self) -> Option<Box<Body>> {
        let mut failures = 0;
        let read = loop {
            match self.engine.store.task(self.task.id).await {
                Ok(read) => break read?,
                Err(_) => {
                    failures += 1;
                    self.engine.repeat().wait(failures).await;
                }
            }
        };
        if read.lease.is_none_or(|lease| lease.claim != self.claim) {
            return None;
        }
        self.task = read;
        self.task.body.decode(&self.task.data).ok().map(Box::new)
    }

    /// Holds a row that cannot be read or be left alone.
    pub(super) async fn hold(&mut self, reason: Reason, detail: Option<SafeText>) -> Left {
        let engine = self.engine.clone();
        let tzdb = engine.tzdb();
        for _ in 0..RACES_MAX {
            let planner = engine.planner(&tzdb);
            let (reason, detail) = (reason.clone(), detail.clone());
            let change = held_as_it_is(engine.now(), &self.task, reason, detail, planner);
            if let Some(left) = self.record(change).await {
                return left;
            }
            self.read_again().await;
        }
        Left::Lost
    }

    /// A held row that woke before its expiry waits on.
    pub(super) async fn wait_for_expiry(&mut self) -> Left {
        let engine = self.engine.clone();
        let tzdb = engine.tzdb();
        let (now, task) = (engine.now(), &self.task);
        let entry = engine.planner(&tzdb).entry(now, task.id, What::Held, TaskState::Held);
        let mut change = Change::of(task, entry);
        change.wake_at = Some(task.expires_at);
        change.lease = LeaseChange::Clear;
        self.record(change).await.unwrap_or(Left::Lost)
    }

    fn outcome_of(&self, change: &Change) -> Outcome {
        Outcome {
            task: self.task.id,
            kind: self.task.kind.clone(),
            subject: self.task.subject.clone(),
            channel: self.task.channel.clone(),
            what: change.entry.what,
            state: change.state,
            reason: change.entry.reason.clone(),
            code: change.entry.code.clone(),
            at: change.entry.at,
        }
    }

    /// Tells the host, whose ear may panic without harm.
    fn tell(&self, outcome: &Outcome) {
        let Some(ear) = &self.engine.hooks.on_outcome else { return };
        let call = std::panic::AssertUnwindSafe(|| ear.on_outcome(outcome));
        if std::panic::catch_unwind(call).is_err() {
            tracing::error!(task = %outcome.task, "the host's on_outcome panicked");
        }
    }
}
