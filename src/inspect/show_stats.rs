//! Statistics as a small table for people.

use std::collections::BTreeMap;
use std::fmt;

use chrono::TimeDelta;

use super::face::{length, seen};
use super::stats::Stats;
use super::wire::utc;
use crate::scheduler::Paused;
use crate::task::TaskState;

/// Several lines without a line feed at the end.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "as of {}", utc(self.at))?;
        self.write_counts(f)?;
        self.write_backlog(f)?;
        self.write_last_day(f)?;
        self.write_lateness(f)?;
        self.write_standing(f)
    }
}

impl Stats {
    /// A line a kind and a line a channel, a column a state, and the sums with what was erased.
    fn write_counts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<TaskState> = self.totals.keys().copied().collect();
        let names = self.kinds.keys().map(|kind| format!("kind {kind}"));
        let names = names.chain(self.channels.keys().map(|channel| format!("channel {channel}")));
        let rows = self.kinds.values().chain(self.channels.values());
        let mut table: Vec<(String, &BTreeMap<TaskState, u64>)> = names.zip(rows).collect();
        table.push(("stored".to_owned(), &self.states));
        table.push(("erased".to_owned(), &self.erased));
        table.push(("ever".to_owned(), &self.totals));
        let width = table.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        write!(f, "\n{:width$}", "")?;
        for state in &columns {
            write!(f, "  {:>9}", state.as_str())?;
        }
        for (name, counts) in table {
            write!(f, "\n{name:width$}")?;
            for state in &columns {
                write!(f, "  {:>9}", counts.get(state).copied().unwrap_or_default())?;
            }
        }
        writeln!(f)
    }

    fn write_backlog(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\nbacklog   {} of {} pending are overdue", self.overdue, self.pending)?;
        if let Some(oldest) = self.oldest_due_at.filter(|oldest| *oldest <= self.at) {
            let age = length(self.at.signed_duration_since(oldest));
            write!(f, ", the oldest since {} ({age})", utc(oldest))?;
        }
        write!(f, "; workers hold {}", self.leased)?;
        match self.next_wake_at {
            Some(at) => write!(f, "\nnext      {}", utc(at)),
            None => write!(f, "\nnext      nothing is pending"),
        }
    }

    fn write_last_day(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = &self.last_day;
        write!(
            f,
            "\nlast day  sent {}, failed {}, expired {}, skipped {}, cancelled {}; \
             retried {}, put off {}, without an answer {}{}",
            day.sent,
            day.failed,
            day.expired,
            day.skipped,
            day.cancelled,
            day.retried,
            day.deferred,
            day.uncertain,
            partial(day.partial)
        )?;
        day.reasons.iter().try_for_each(|part| {
            let why = part.reason.as_ref().map_or("no reason was recorded", |r| r.sentence());
            write!(f, "\n          {} {}: {why}", part.count, part.state)
        })
    }

    fn write_lateness(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let late = &self.lateness;
        let (Some(p50), Some(p95), Some(p99), Some(max)) = (late.p50, late.p95, late.p99, late.max)
        else {
            return write!(f, "\nlateness  nothing was sent in the last hour");
        };
        let [p50, p95, p99, max] = [p50, p95, p99, max].map(short);
        write!(
            f,
            "\nlateness  p50 {p50}, p95 {p95}, p99 {p99}, max {max} over {} in the last hour{}",
            late.count,
            partial(late.partial)
        )
    }

    fn write_standing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for breaker in &self.breakers {
            let why = breaker.reason.as_ref().map(|why| format!(" ({why})"));
            let how = match breaker.until {
                Some(until) => format!("is open, it is tried again at {}", utc(until)),
                None => "may be tried".to_owned(),
            };
            let why = why.unwrap_or_default();
            write!(f, "\nbreaker   channel {} {how}{why}", breaker.channel)?;
        }
        for pause in &self.pauses {
            let since = pause.since.map(|at| format!(" since {}", utc(at)));
            let what = match &pause.what {
                Paused::Channel(channel) => format!("channel {channel}"),
                Paused::Kind(kind) => format!("kind {kind}"),
            };
            write!(f, "\npaused    {what}{}", since.unwrap_or_default())?;
        }
        match self.workers.as_deref() {
            None => {}
            Some([]) => write!(f, "\nengines   none runs")?,
            Some(workers) => workers.iter().try_for_each(|worker| {
                let age = seen(self.at, worker.seen_at);
                write!(f, "\nengine    {} serves {}, {age}", worker.name, worker.serves())?;
                match &worker.trouble {
                    Some(what) => write!(f, "; it reports trouble: {what}"),
                    None => Ok(()),
                }
            })?,
        }
        write!(f, "\nzones     tzdb {}", self.tz_version)?;
        if let Some(stored) = self.tz_version_stored.as_ref().filter(|v| **v != self.tz_version) {
            write!(f, ", due times are computed by {stored}")?;
        }
        match &self.trouble {
            Some(what) => write!(f, "\ntrouble   {what}"),
            None => Ok(()),
        }
    }
}

fn partial(cut: bool) -> &'static str {
    if cut { " (more happened than was counted)" } else { "" }
}

fn short(lateness: TimeDelta) -> String {
    if lateness == TimeDelta::zero() { "0".to_owned() } else { length(lateness) }
}
