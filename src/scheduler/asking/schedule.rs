//! Scheduling and moving.

use std::collections::BTreeMap;
use std::ops::DerefMut;

use super::Desk;
use crate::scheduler::plan::{moved, scheduled, scheduled_again};
use crate::scheduler::reminder::Checked;
use crate::scheduler::{Reminder, ScheduleError, ScheduleOutcome};
use crate::store::{InsertOutcome, TaskFilter, TaskWrites};
use crate::task::{
    Content, DedupKey, InvalidField, Limits, NewTask, Recipient, Rule, Subject, Task,
};
use crate::time::EventTime;

impl<'t, W> Desk<W>
where
    W: DerefMut<Target = Box<dyn TaskWrites + 't>> + Send,
{
    pub(super) async fn schedule_all(
        &mut self,
        reminders: Vec<Reminder>,
    ) -> Result<Vec<ScheduleOutcome>, ScheduleError> {
        if reminders.len() > Limits::BATCH {
            let rule = format!("{} in one call, the limit is {}", reminders.len(), Limits::BATCH);
            return Err(InvalidField::new("reminders", Rule::TooLong, rule).into());
        }
        let asks = self.check_all(reminders)?;
        let distinct = distinct(&asks)?;
        let outcomes = self.insert_all(&distinct).await?;
        self.engine.wake.notify_one();
        let lost = || ScheduleError::refused("the store answered for another reminder");
        let outcome = |ask: &Checked| outcomes.get(&ask.key).cloned().ok_or_else(lost);
        asks.iter().map(outcome).collect()
    }

    fn check_all(&self, reminders: Vec<Reminder>) -> Result<Vec<Checked>, ScheduleError> {
        let check = |(index, reminder): (usize, Reminder)| {
            let ask = reminder.into_checked();
            let ask = ask.and_then(|ask| self.check_zones(&ask).map(|()| ask));
            let ask = ask.and_then(|ask| self.check_served(&ask).map(|()| ask));
            ask.map_err(|field| ScheduleError::invalid(index, field))
        };
        reminders.into_iter().enumerate().map(check).collect()
    }

    /// Whether the zones of all recipients are known here: one that a host read from its own
    /// store was not checked yet. Those of event and trigger are checked where due is computed.
    fn check_zones(&self, ask: &Checked) -> Result<(), InvalidField> {
        let tzdb = self.engine.tzdb();
        let to = std::iter::once(&ask.request.to).chain(&ask.request.fallback);
        for zone in to.filter_map(Recipient::zone) {
            zone.local_at(self.engine.now(), &tzdb)?;
        }
        Ok(())
    }

    /// Whether this engine has what the reminder needs: a notifier for each channel, and a
    /// template of that name.
    fn check_served(&self, ask: &Checked) -> Result<(), InvalidField> {
        let engine = &self.engine;
        let fallback = ask.request.fallback.iter().map(Recipient::channel);
        for channel in std::iter::once(&ask.channel).chain(fallback) {
            if !engine.channels.contains_key(channel) {
                let rule = "no notifier is configured for it";
                let refused = InvalidField::new("channel", Rule::Unknown, rule);
                return Err(refused.with_value(channel.as_str()));
            }
        }
        let Content::Template(name) = &ask.request.content else { return Ok(()) };
        let rule = match &engine.renderer {
            None => "no renderer is configured: give fixed text, or a renderer to the builder",
            Some(renderer) if !renderer.has_template(name) => "there is no such template",
            Some(_) => return Ok(()),
        };
        Err(InvalidField::new("template", Rule::Unknown, rule).with_value(name))
    }

    /// Inserts what is new, in the order of the keys, and plans again what is there already.
    async fn insert_all(
        &mut self,
        asks: &BTreeMap<DedupKey, (usize, &Checked)>,
    ) -> Result<BTreeMap<DedupKey, ScheduleOutcome>, ScheduleError> {
        let engine = self.engine.clone();
        let tzdb = engine.tzdb();
        let now = engine.now();
        let mut outcomes = BTreeMap::new();
        let mut new: Vec<NewTask> = Vec::with_capacity(asks.len());
        for (key, (index, ask)) in asks {
            let planned = scheduled(now, ask, engine.planner(&tzdb))
                .map_err(|field| ScheduleError::invalid(*index, field))?;
            new.push(planned.write);
            outcomes.insert(key.clone(), planned.outcome);
        }
        let answers = self.writes.insert(now, &new).await?;
        let taken: Vec<Task> = (answers.into_iter())
            .filter_map(|answer| match answer {
                InsertOutcome::Taken(holder) => Some(*holder),
                InsertOutcome::Inserted => None,
            })
            .collect();
        let keys: Vec<DedupKey> = taken.iter().map(|task| task.dedup_key.clone()).collect();
        let again = self
            .change_all(taken, |task| {
                let Some((index, ask)) = asks.get(&task.dedup_key) else {
                    return Err(ScheduleError::refused("the store answered for another key"));
                };
                scheduled_again(engine.now(), task, ask, engine.planner(&tzdb))
                    .map_err(|field| ScheduleError::invalid(*index, field))
            })
            .await?;
        outcomes.extend(keys.into_iter().zip(again));
        Ok(outcomes)
    }

    pub(super) async fn move_subject(
        &mut self,
        subject: &Subject,
        event: &EventTime,
    ) -> Result<Vec<ScheduleOutcome>, ScheduleError> {
        subject.check()?;
        let tasks = self.all(TaskFilter::subject(subject.clone())).await?;
        let engine = self.engine.clone();
        let tzdb = engine.tzdb();
        self.change_all(tasks, |task| Ok(moved(engine.now(), task, event, engine.planner(&tzdb))?))
            .await
    }
}

/// One request for each key, in the order of the keys. The same request twice counts once; two
/// different ones with one key are refused.
fn distinct(asks: &[Checked]) -> Result<BTreeMap<DedupKey, (usize, &Checked)>, ScheduleError> {
    let mut distinct: BTreeMap<DedupKey, (usize, &Checked)> = BTreeMap::new();
    for (index, ask) in asks.iter().enumerate() {
        let (_, first) = *distinct.entry(ask.key.clone()).or_insert((index, ask));
        if !first.same_as(ask) {
            let rule = "two different reminders in one call have the same kind, subject, channel \
                        and person: give them two kinds";
            let refused = InvalidField::new("kind", Rule::Duplicate, rule);
            return Err(ScheduleError::invalid(index, refused.with_value(ask.kind.as_str())));
        }
    }
    Ok(distinct)
}
