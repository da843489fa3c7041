//! One round: what may be claimed, the claim, and the deliveries that follow from it.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use super::brakes::Traffic;
use super::decide::Happened;
use super::deliver::{Delivery, Left};
use super::engine::{Engine, Lane};
use super::{ProcessReport, ScheduleError};
use crate::store::{ClaimRequest, Claimed, Quota, StoreErrorKind, StoreResult};
use crate::task::{ClaimId, Priority, Task, TaskId};

/// Claims without an outcome from which on a row may have killed its worker.
const SUSPECT: u32 = 3;

/// After so many failures in a row a claim is given up, and the engine says that it cannot work.
const CLAIM_FAILURES: u32 = 2;

/// What a claim led to, and when to look again.
pub(crate) struct Claiming {
    /// `None` if there was nothing to ask for.
    pub(crate) batch: Option<Batch>,
    /// What was left out because it was full at that moment: whoever waits must wait for these,
    /// for there may be room by the time the claim is answered.
    pub(crate) full: Vec<Full>,
    pub(crate) next_wake_at: Option<DateTime<Utc>>,
}

/// Rows that were claimed.
pub(crate) struct Batch {
    pub(crate) claim: ClaimId,
    pub(crate) tasks: Vec<Task>,
    /// Those that are not to be attempted, and why.
    pub(crate) bars: Bars,
}

/// Tasks that are not to be attempted, as was found out for a whole batch at once.
pub(crate) type Bars = HashMap<TaskId, Happened>;

/// A channel and priority without room.
#[derive(Debug)]
pub(crate) struct Full {
    lane: Arc<Lane>,
    priority: Priority,
    /// Whether the channel may make one attempt only, to see whether it works again.
    probes: bool,
}

impl Full {
    /// How many rows may be claimed.
    pub(crate) fn room(&self) -> usize {
        match self.probes {
            true => usize::from(self.lane.is_idle()),
            false => self.lane.room(self.priority),
        }
    }
}

/// A claim that was asked for, and when first, on the monotonic clock: its leases count from then.
#[derive(Debug)]
pub(crate) struct AskedClaim {
    request: ClaimRequest,
    begun: Duration,
}

impl Engine {
    /// How much of what to claim: nothing of a channel that is closed, one of a channel that may
    /// work again, else as much as there is room for; and where there is none.
    fn quotas(&self, now: DateTime<Utc>, limit: u32) -> (Vec<Quota>, Vec<Full>) {
        let (mut quotas, mut full) = (Vec::new(), Vec::new());
        let max = limit.min(self.config.batch) as usize;
        for priority in Priority::ALL {
            for (channel, lane) in &self.channels {
                let probes = match self.brakes.traffic(now, channel) {
                    Traffic::Free => false,
                    Traffic::Probe => true,
                    Traffic::Closed { .. } => continue,
                };
                let pace = self.paces.get(channel);
                if pace.is_some_and(|pace| pace.closed_until(now).is_some()) {
                    continue;
                }
                let part = Full { lane: lane.clone(), priority, probes };
                let room = part.room();
                if room > 0 {
                    let most = pace.map_or(max, |pace| max.min(pace.free(now) as usize));
                    // `max` is a u32, so the smallest of them is one too.
                    let limit = u32::try_from(room.min(most)).unwrap_or(limit);
                    quotas.push(Quota::new(channel.clone(), priority, limit));
                } else {
                    full.push(part);
                }
            }
        }
        (quotas, full)
    }

    /// When the first closed channel may be tried again.
    pub(crate) fn next_traffic(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let until = |channel| match self.brakes.traffic(now, channel) {
            Traffic::Closed { until } => until,
            Traffic::Free | Traffic::Probe => None,
        };
        let paced = self
            .channels
            .keys()
            .filter_map(|channel| self.paces.get(channel).and_then(|pace| pace.closed_until(now)));
        self.channels.keys().filter_map(until).chain(paced).min()
    }

    /// Claims at most `limit` rows of each channel and priority.
    ///
    /// # Errors
    ///
    /// The clocks are in doubt, the store does not answer, or it is sealed for somebody else.
    pub(crate) async fn claim(self: &Arc<Self>, limit: u32) -> Result<Claiming, ScheduleError> {
        let now = self.keeper.now().map_err(|doubt| ScheduleError::refused(doubt.0))?.earliest;
        if self.brakes.any() {
            self.brakes.refresh().await?;
        }
        let (quotas, full) = self.quotas(now, limit);
        let next_traffic = self.next_traffic(now);
        if quotas.is_empty() {
            return Ok(Claiming { batch: None, full, next_wake_at: next_traffic });
        }
        let lost = self.lost_claim().take();
        let asked = lost.unwrap_or_else(|| self.new_claim(now, quotas.clone()));
        let before = self.clock.monotonic();
        let (claimed, AskedClaim { request, begun }) = self.claim_call(now, asked, &quotas).await?;
        let claim = request.claim;
        self.keeper.compare(before, claimed.probe.server_time);
        let held_until = begun.saturating_add(self.config.lease);
        for task in &claimed.tasks {
            self.leases.hold(task.id, claim, held_until);
        }
        if !claimed.tasks.is_empty()
            && let Err(error) = self.brakes.refresh().await
        {
            // What is known already holds; the rows are claimed and must be seen to.
            tracing::warn!(%error, "pauses and breakers could not be read again");
        }
        let clocks = self.keeper.now().map_err(|doubt| ScheduleError::refused(doubt.0));
        if let Err(refused) = clocks.and_then(|_| self.check_seal(&claimed.probe)) {
            self.give_back(claim, claimed.tasks).await;
            return Err(refused);
        }
        let bars = match self.bars(claim, &claimed.tasks).await {
            Ok(bars) => bars,
            Err(error) => {
                self.give_back(claim, claimed.tasks).await;
                return Err(error.into());
            }
        };
        let next_wake_at = claimed.next_wake_at.into_iter().chain(next_traffic).min();
        let batch = Some(Batch { claim, tasks: claimed.tasks, bars });
        Ok(Claiming { batch, full, next_wake_at })
    }

    /// Which of the claimed rows are not to be attempted, asked for all of them at once. Where it
    /// cannot be known nothing is attempted, for some may be unwanted.
    async fn bars(&self, claim: ClaimId, tasks: &[Task]) -> StoreResult<Bars> {
        let mut failures = 0;
        loop {
            match self.find_bars(claim, tasks).await {
                Ok(bars) => return Ok(bars),
                Err(error)
                    if failures >= CLAIM_FAILURES || error.kind() == StoreErrorKind::Permanent =>
                {
                    return Err(error);
                }
                Err(_) => {
                    failures += 1;
                    self.repeat().wait(failures).await;
                }
            }
        }
    }

    async fn find_bars(&self, claim: ClaimId, tasks: &[Task]) -> StoreResult<Bars> {
        let now = self.now();
        if tasks.is_empty() {
            self.paces.values().for_each(|pace| pace.look(now, 0));
            return Ok(Bars::new());
        }
        let suppressed = self.suppressions.among(now, tasks).await?.into_iter();
        let mut bars = suppressed.map(|(id, found)| (id, Happened::suppressed(found))).collect();
        self.bar_crowds(claim, tasks, &mut bars).await?;
        self.bar_rates(now, tasks, &mut bars).await?;
        Ok(bars)
    }

    fn new_claim(&self, now: DateTime<Utc>, quotas: Vec<Quota>) -> AskedClaim {
        let claim = ClaimId::new(now, &self.entropy);
        let begun = self.clock.monotonic();
        let (until, _) = self.lease_end();
        AskedClaim { request: ClaimRequest::new(claim, until, quotas), begun }
    }

    fn lost_claim(&self) -> MutexGuard<'_, Option<AskedClaim>> {
        self.lost_claim.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The claim itself: repeated at once after a conflict, and as a repeated claim after an
    /// answer was lost, so that nothing taken is forgotten. Where no answer comes, the next call
    /// begins with it: each new claim that nobody hears of would count as a death of its worker.
    ///
    /// A lost claim that took nothing is followed by a new one: that a store can still be read
    /// does not say that it works.
    async fn claim_call(
        &self,
        now: DateTime<Utc>,
        mut asked: AskedClaim,
        quotas: &[Quota],
    ) -> Result<(Claimed, AskedClaim), ScheduleError> {
        let (mut conflicts, mut failures) = (0, 0);
        loop {
            let error = match self.store.claim(now, &asked.request).await {
                Ok(claimed) if asked.request.repeated && claimed.tasks.is_empty() => {
                    asked = self.new_claim(now, quotas.to_vec());
                    continue;
                }
                Ok(claimed) => return Ok((claimed, asked)),
                Err(error) => error,
            };
            match error.kind() {
                StoreErrorKind::Conflict if conflicts < self.config.conflicts_max => {
                    conflicts += 1;
                    continue;
                }
                StoreErrorKind::Transient => asked.request = asked.request.repeated(),
                StoreErrorKind::Conflict | StoreErrorKind::Permanent => failures = CLAIM_FAILURES,
            }
            failures += 1;
            if failures > CLAIM_FAILURES {
                *self.lost_claim() = asked.request.repeated.then_some(asked);
                return Err(error.into());
            }
            self.repeat().wait(failures).await;
        }
    }

    /// Gives rows back that were claimed and must not be attempted.
    pub(crate) async fn give_back(self: &Arc<Self>, claim: ClaimId, tasks: Vec<Task>) {
        let all: Vec<Delivery> =
            tasks.into_iter().filter_map(|task| self.delivery(claim, task, None)).collect();
        for delivery in all {
            delivery.give_back().await;
        }
    }

    fn delivery(
        self: &Arc<Self>,
        claim: ClaimId,
        task: Task,
        bar: Option<Happened>,
    ) -> Option<Delivery> {
        let lane = self.channels.get(&task.channel)?.clone();
        Some(Delivery::new(self.clone(), lane, claim, task, bar))
    }

    /// Turns a batch into deliveries: first those that may have killed their worker, each to be
    /// run alone, then the others.
    pub(crate) fn deliveries(self: &Arc<Self>, batch: Batch) -> (Vec<Delivery>, Vec<Delivery>) {
        let (claim, mut bars) = (batch.claim, batch.bars);
        let (suspects, others): (Vec<Task>, Vec<Task>) =
            batch.tasks.into_iter().partition(|task| task.unfinished_claims >= SUSPECT);
        let mut all = |tasks: Vec<Task>| {
            let delivery = |task: Task| {
                let bar = bars.remove(&task.id);
                self.delivery(claim, task, bar)
            };
            tasks.into_iter().filter_map(delivery).collect()
        };
        (all(suspects), all(others))
    }

    /// One whole round: claims, delivers and records, and waits for all of it. Leases are renewed
    /// meanwhile.
    pub(crate) async fn round(
        self: &Arc<Self>,
        limit: u32,
    ) -> Result<ProcessReport, ScheduleError> {
        let claiming = self.claim(limit).await?;
        let next_wake_at = claiming.next_wake_at;
        let mut report = ProcessReport { next_wake_at, ..ProcessReport::default() };
        let Some(batch) = claiming.batch else { return Ok(report) };
        let (suspects, others) = self.deliveries(batch);
        let work = async {
            let mut running: JoinSet<Left> = JoinSet::new();
            for delivery in suspects {
                running.spawn(delivery.run());
                while let Some(left) = running.join_next().await {
                    note(&mut report, left.unwrap_or(Left::Lost));
                }
            }
            for delivery in others {
                running.spawn(delivery.run());
            }
            while let Some(left) = running.join_next().await {
                note(&mut report, left.unwrap_or(Left::Lost));
            }
        };
        tokio::select! {
            biased;
            () = work => {}
            () = self.renew_for_ever() => {}
        }
        Ok(report)
    }

    /// Renews every lease of this engine, again and again. Never ends.
    pub(crate) async fn renew_for_ever(&self) {
        loop {
            self.leases.any().await;
            self.pause(self.config.renewal).await;
            self.renew().await;
        }
    }

    /// Renews every lease of this engine, once. A store that fails is asked again at the next turn;
    /// the gate knows how long the leases still last.
    pub(crate) async fn renew(&self) {
        let before = self.clock.monotonic();
        let (until, now) = self.lease_end();
        let until_monotonic = before.saturating_add(self.config.lease);
        let all = self.leases.extensions(before, until);
        for group in all.chunks(self.config.batch as usize) {
            if let Ok(answers) = self.recorder.renew(now, group).await {
                self.leases.renewed(group, &answers, until_monotonic);
            }
        }
    }

    /// Waits by the engine's clock.
    pub(crate) async fn pause(&self, pause: Duration) {
        self.clock.sleep(pause).await;
    }
}

fn note(report: &mut ProcessReport, left: Left) {
    match left {
        Left::Recorded(what, state) => report.count(what, state),
        Left::Lost => report.count_lost(),
    }
}
