//! An explanation as text for people.

use std::fmt;

use super::explain::{Explanation, Step};
use super::face::seen;
use super::summary::TaskSummary;
use super::worker::Worker;
use crate::task::{SafeText, TaskState};

/// Several lines without a line feed at the end: who is told what, the answer, the times, what
/// stands in the way, the history, and the engines where they matter.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", Title(&self.task))?;
        writeln!(f, "{}", self.verdict.sentence)?;
        write!(f, "\n{}", Times(&self.task))?;
        if let Some(error) = self.task.last_error.as_ref().filter(|_| !is_over(self.task.state)) {
            write!(f, "\nlast error: {error}")?;
        }
        if !self.blockers.is_empty() {
            write!(f, "\n\nin its way:")?;
            for blocker in &self.blockers {
                write!(f, "\n- {}", blocker.sentence)?;
            }
        }
        self.write_timeline(f)?;
        match &self.workers {
            Some(workers) if !is_over(self.task.state) && !workers.is_empty() => {
                write!(f, "\n\nrunning engines:")?;
                workers.iter().try_for_each(|worker| write!(f, "\n- {}", Seen(self, worker)))
            }
            _ => Ok(()),
        }
    }
}

impl Explanation {
    fn write_timeline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.timeline.is_empty() {
            return write!(f, "\n\nwhat happened: its history was erased");
        }
        write!(f, "\n\nwhat happened:")?;
        if self.steps_left_out > 0 {
            write!(f, "\n({} older entries are not shown)", self.steps_left_out)?;
        }
        let width = self.timeline.iter().map(|step| step.shown_at.chars().count()).max();
        let width = width.unwrap_or_default();
        self.timeline
            .iter()
            .try_for_each(|step: &Step| write!(f, "\n{:width$}  {}", step.shown_at, step.sentence))
    }
}

fn is_over(state: TaskState) -> bool {
    state.is_finished()
}

/// `reminder_24h about booking 123, by email to j***@e***.com`.
struct Title<'a>(&'a TaskSummary);

impl fmt::Display for Title<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = self.0;
        // The host's ids are checked for controls, and not for what turns a line around.
        let subject = SafeText::new(task.subject.to_string());
        write!(f, "{} about {subject}, by {}", task.kind, task.channel)?;
        match task.recipient.is_empty() {
            true => f.write_str(" (its recipient was erased)"),
            false => write!(f, " to {}", task.recipient),
        }
    }
}

/// Event, rule, due time, expiry and id, a line each.
struct Times<'a>(&'a TaskSummary);

impl fmt::Display for Times<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = self.0;
        if let Some(event) = &task.shown.event {
            writeln!(f, "event    {event}")?;
        }
        write!(f, "due      {}", task.shown.due)?;
        if let Some(trigger) = &task.trigger {
            write!(f, ": {trigger}")?;
        }
        writeln!(f, "\nexpires  {}", task.shown.expires)?;
        write!(f, "task     {}", task.id)?;
        match task.generation {
            Some(generation) if generation > 1 => write!(f, ", generation {generation}"),
            _ => Ok(()),
        }
    }
}

/// `0197.. serves email, seen 2 min ago`.
struct Seen<'a>(&'a Explanation, &'a Worker);

impl fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, worker) = (self.0.at, self.1);
        write!(f, "{} serves {}, {}", worker.name, worker.serves(), seen(at, worker.seen_at))?;
        match &worker.trouble {
            Some(trouble) => write!(f, "; it reports trouble: {trouble}"),
            None => Ok(()),
        }
    }
}
