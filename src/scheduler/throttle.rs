//! How much may go out: on a channel, and to one person. Both limits hold for all engines on the
//! store together.

mod crowd;
mod pace;

pub(crate) use crowd::Crowds;
pub(crate) use pace::Pace;

use chrono::{DateTime, Utc};

use super::decide::Happened;
use super::engine::Engine;
use super::round::Bars;
use crate::store::StoreResult;
use crate::task::{ClaimId, Reason, Task, TaskState};

impl Engine {
    /// Bars the tasks of a claim that are too many for their person at the moment: one count for
    /// all of them.
    pub(super) async fn bar_crowds(
        &self,
        claim: ClaimId,
        tasks: &[Task],
        bars: &mut Bars,
    ) -> StoreResult<()> {
        let now = self.keeper.best();
        let open: Vec<&Task> = self.in_turn(now.latest, tasks, bars).collect();
        let found = self.crowds.bar(&*self.store, now.earliest, claim, &open).await?;
        for (task, until) in found {
            bars.insert(task.id, self.put_off(now.earliest, task, until));
        }
        Ok(())
    }

    /// Takes a permit of its channel for each task that is left, high priority first, and gives
    /// back those for which there is none.
    pub(super) async fn bar_rates(
        &self,
        now: DateTime<Utc>,
        tasks: &[Task],
        bars: &mut Bars,
    ) -> StoreResult<()> {
        let latest = self.keeper.best().latest;
        for (channel, pace) in &self.paces {
            pace.look(now, tasks.iter().filter(|task| task.channel == *channel).count());
            let turn = self.in_turn(latest, tasks, bars).filter(|task| task.channel == *channel);
            let waiting: Vec<_> = turn.map(|task| task.id).collect();
            let wanted = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
            if wanted == 0 {
                continue;
            }
            let taken = pace.take(&*self.store, now, wanted).await?;
            for id in waiting.into_iter().skip(taken as usize) {
                bars.insert(id, Happened::Released(Reason::RateLimited));
            }
        }
        Ok(())
    }

    /// The tasks that are about to be attempted, high priority first.
    fn in_turn<'a>(
        &self,
        now: DateTime<Utc>,
        tasks: &'a [Task],
        bars: &Bars,
    ) -> impl Iterator<Item = &'a Task> {
        let is_open = |task: &&Task| {
            task.state == TaskState::Scheduled
                && task.expires_at > now
                && !bars.contains_key(&task.id)
                && !self.brakes.is_kind_paused(&task.kind)
        };
        let mut open: Vec<&Task> = tasks.iter().filter(is_open).collect();
        open.sort_by_key(|task| task.priority);
        open.into_iter()
    }

    /// Whether a task expired while its channel sent as much as it may.
    pub(super) fn waited_for_rate(&self, task: &Task) -> bool {
        self.paces.get(&task.channel).is_some_and(|pace| pace.was_short_at(task.expires_at))
    }

    /// What is too much for its person now: put off until there is room; where that is not before
    /// it expires, to a last chance shortly before.
    fn put_off(&self, now: DateTime<Utc>, task: &Task, until: DateTime<Utc>) -> Happened {
        let reason = Reason::Throttled;
        let last = crate::time::saturating_sub(task.expires_at, self.config.min_lead);
        let until = if until < task.expires_at { until } else { last };
        match until > now {
            true => Happened::Defer { until, reason, detail: None },
            false => Happened::OutOfTurn(reason),
        }
    }
}
