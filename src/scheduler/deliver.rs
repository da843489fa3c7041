//! One claimed task, from its first look to its recorded outcome.

mod answer;
mod hooks;
mod message;
mod settle;
mod zones;

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_util::FutureExt;

use super::brakes::Traffic;
use super::decide::{Happened, Look, first_look};
use super::engine::{Engine, Lane};
use super::gate::TaskGate;
use super::slots::Slot;
use crate::notify::{Attempt, Notification};
use crate::task::{Body, ClaimId, Priority, Reason, Task, TaskState, What};
use crate::time::saturating_add;

/// How a claimed task left its round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// With this outcome.
    Recorded(What, TaskState),
    /// Somebody else has it: it was moved, cancelled or taken over.
    Lost,
}

/// One claimed task under way.
pub(crate) struct Delivery {
    pub(super) engine: Arc<Engine>,
    pub(super) lane: Arc<Lane>,
    pub(super) claim: ClaimId,
    pub(super) task: Task,
    /// As it was claimed: the row may have another one when it is read again.
    priority: Priority,
    /// What was found out for the whole batch: why this one is not to be attempted.
    bar: Option<Happened>,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        // Without an outcome the row is still held: it must come back when its lease ends.
        self.engine.leases.leave(self.task.id, self.claim);
        self.lane.end(self.priority);
        if self.lane.room(self.priority) > 0 {
            self.engine.room.notify_one();
        }
    }
}

/// Why there is nothing to attempt, or what the attempt led to.
pub(super) type Step<T> = Result<T, Happened>;

impl Delivery {
    pub(crate) fn new(
        engine: Arc<Engine>,
        lane: Arc<Lane>,
        claim: ClaimId,
        task: Task,
        bar: Option<Happened>,
    ) -> Delivery {
        let priority = task.priority;
        lane.begin(priority);
        Delivery { engine, lane, claim, task, priority, bar }
    }

    /// Delivers the task and records what became of it.
    ///
    /// # Cancel safety
    ///
    /// A dropped call leaves the task claimed; it comes back when its lease ends.
    pub(crate) async fn run(mut self) -> Left {
        let slot = self.lane.slots.take(self.task.priority).await;
        // Apart, so that a row that waits for its slot takes little room.
        let left = Box::pin(self.deliver(slot)).await;
        self.engine.leases.release(self.task.id, self.claim);
        left
    }

    /// Gives the task back without an attempt. What an earlier claim may have sent is left to the
    /// end of its lease instead, so that it is recorded as such.
    pub(crate) async fn give_back(mut self) {
        let untouched = self.lane.marks_hand_off || self.task.unfinished_claims <= 1;
        if self.task.state == TaskState::Scheduled
            && untouched
            && let Ok(body) = self.task.body.decode(&self.task.data)
        {
            let generation = body.head.generation;
            let released = Happened::Released(Reason::Shutdown);
            self.settle(Box::new(body), generation, released).await;
        }
        self.engine.leases.release(self.task.id, self.claim);
    }

    async fn deliver(&mut self, slot: Slot) -> Left {
        let latest = self.engine.keeper.best().latest;
        match first_look(latest, &self.task, self.lane.policy(None)) {
            Look::Attempt(body) => {
                let generation = body.head.generation;
                let happened = self.attempt(&body).await;
                drop(slot);
                self.settle(body, generation, happened).await
            }
            Look::Settled(body, happened) => {
                let happened = match happened {
                    Happened::Expired if self.engine.waited_for_rate(&self.task) => {
                        Happened::OutOfTurn(Reason::RateLimited)
                    }
                    other => other,
                };
                let generation = body.memory.in_flight.unwrap_or(body.head.generation);
                Box::pin(self.settle(body, generation, happened)).await
            }
            Look::Hold(reason, detail) => Box::pin(self.hold(reason, detail)).await,
            Look::Wait => Box::pin(self.wait_for_expiry()).await,
        }
    }

    /// Everything from the slot to the notifier's answer.
    async fn attempt(&mut self, body: &Body) -> Happened {
        match self.prepare(body).await {
            Err(happened) => happened,
            Ok(notification) => self.notify(body, &notification).await,
        }
    }

    async fn prepare(&self, body: &Body) -> Step<Notification> {
        self.check_traffic().await?;
        self.check_zones(body)?;
        if let Some(bar) = &self.bar {
            return Err(bar.clone());
        }
        self.check_window(body)?;
        self.ask_guard().await?;
        let recipient = self.resolve(body).await?;
        self.check_resolved(body, &recipient).await?;
        let message = self.render(body, &recipient)?;
        Ok(Notification {
            attachments: self.attachments(body)?,
            from: body.request.from.clone(),
            reply_to: body.request.reply_to.clone(),
            event_at: self.task.event_at,
            data: self.task.data.clone(),
            ..Notification::new(
                self.task.kind.clone(),
                self.task.subject.clone(),
                recipient,
                message,
                self.task.due_at,
                self.task.expires_at,
            )
        })
    }

    /// Is the channel still served, and is there still time, now that there is a slot?
    async fn check_traffic(&self) -> Step<()> {
        let engine = &self.engine;
        let now = engine.keeper.best();
        if now.latest >= self.task.expires_at {
            return Err(Happened::Expired);
        }
        if engine.brakes.is_kind_paused(&self.task.kind) {
            let until = saturating_add(now.earliest, engine.config.poll);
            return Err(Happened::Defer { until, reason: Reason::Paused, detail: None });
        }
        match engine.brakes.traffic(now.earliest, &self.task.channel) {
            Traffic::Free | Traffic::Probe => Ok(()),
            Traffic::Closed { until: Some(until) } => {
                Err(Happened::Defer { until, reason: Reason::ChannelDown, detail: None })
            }
            Traffic::Closed { until: None } => {
                let until = self.task.wake_at.unwrap_or(now.earliest);
                Err(Happened::Defer { until, reason: Reason::Paused, detail: None })
            }
        }
    }

    /// At the claim only the next opening is tried: later ones were weighed when it was planned.
    fn check_window(&self, body: &Body) -> Step<()> {
        let engine = &self.engine;
        let Some(window) = &body.request.window else { return Ok(()) };
        let zone = super::timing::window_zone(&body.request, body.head.event.as_ref());
        let now = engine.now();
        let tzdb = engine.tzdb();
        let look = window.is_open(now, &zone, &tzdb).and_then(|open| match open {
            true => Ok(None),
            false => window.next_opening(now, &zone, &tzdb).map(Some),
        });
        let opening = match look {
            Ok(None) => return Ok(()),
            Ok(Some(opening)) => opening,
            Err(error) => {
                let detail = Some(error.to_string().into());
                return Err(Happened::Held(Reason::UnknownZone, detail));
            }
        };
        match opening
            .filter(|at| saturating_add(*at, engine.config.min_lead) <= self.task.expires_at)
        {
            Some(until) => {
                Err(Happened::Defer { until, reason: Reason::WindowClosed, detail: None })
            }
            None if self.task.channel == crate::task::Channel::SMS => {
                Err(Happened::Skip(Reason::Window, None))
            }
            None => Ok(()),
        }
    }

    async fn notify(&mut self, body: &Body, notification: &Notification) -> Happened {
        let engine = self.engine.clone();
        let marks = self.lane.marks_hand_off;
        let gate = Arc::new(TaskGate::new(engine.clone(), &self.task, self.claim, marks));
        let attempt = self.new_attempt(body, gate.clone());
        let notifier = self.lane.notifier.clone();
        let call = async { notifier.notify(&attempt, notification).await };
        let answer = engine.guarded(engine.attempt_is_over(&gate), call).await;
        let state = gate.state();
        if let Some((revision, at)) = state.marked {
            self.task.revision = revision;
            self.task.state = TaskState::Sending;
            self.task.handed_off_at = Some(at);
        }
        self.tell_suppressions(&notification.recipient, &answer).await;
        let happened = self.understand(body, state, answer);
        self.tell_brakes(happened).await
    }

    fn new_attempt(&self, body: &Body, gate: Arc<TaskGate>) -> Attempt {
        let engine = &self.engine;
        Attempt {
            task: self.task.id,
            generation: body.head.generation,
            number: self.task.attempts.saturating_add(1),
            deadline: saturating_add(engine.now(), engine.config.attempt_timeout),
            expires_at: self.task.expires_at,
            clock: engine.clock.clone(),
            gate,
        }
    }
}

/// How a call of code that is not ours ended.
#[derive(Debug)]
pub(crate) enum Guarded<T> {
    Done(T),
    Panicked(String),
    TimedOut,
}

impl Engine {
    /// Waits for as long as an attempt may take: up to its hand-off, and from then on for as long
    /// as its provider may think, however slow everything before was. A final dot whose answer is
    /// not waited for makes a duplicate (RFC 5321, section 4.5.3.2.6).
    async fn attempt_is_over(&self, gate: &TaskGate) {
        self.pause(self.config.attempt_timeout).await;
        while let Some(passed_at) = gate.state().passed_at {
            let end = passed_at.saturating_add(self.config.answer_timeout);
            let left = end.saturating_sub(self.clock.monotonic());
            if left.is_zero() {
                return;
            }
            self.pause(left).await;
        }
    }

    /// Runs code that is not ours: a panic is caught, and it is given up at its limit.
    pub(crate) async fn guarded<T>(
        &self,
        limit: impl Future<Output = ()> + Send,
        call: impl Future<Output = T> + Send,
    ) -> Guarded<T> {
        let mut call = Box::pin(AssertUnwindSafe(call).catch_unwind());
        let answer = tokio::select! {
            biased;
            answer = &mut call => match answer {
                Ok(answer) => Guarded::Done(answer),
                Err(panic) => Guarded::Panicked(words_of(&*panic)),
            },
            () = limit => Guarded::TimedOut,
        };
        // Its destructors are not ours either.
        if catch_unwind(AssertUnwindSafe(|| drop(call))).is_err() {
            tracing::error!("host code panicked when it was given up");
        }
        answer
    }
}

/// The words of a panic.
pub(crate) fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}
