//! The civil times at which a rule recurs, in a window and within a budget.
//!
//! `ical-rs` knows the rules (RFC 5545 section 3.3.10). What is added here keeps hostile ones
//! from running for ever: the walk starts shortly before the window, ends with it, and its
//! price is reckoned before the first step.

use ical::recur::{IcalRecurDateTime, IcalRecurFreq, IcalRecurRule, expand::IcalRecurExpand};
use jiff::{
    SignedDuration,
    civil::{Date, DateTime},
};

use super::{
    budget::{Budget, OCCURRENCES_PER_RULE},
    problem::shown,
};

/// How many entries one list of a rule may have. `BYSETPOS` can want 366.
const LIST_MAX: usize = 400;

/// How often a rule may recur on one day through its lists: every quarter of an hour.
const TIMES_A_DAY_MAX: usize = 96;

const DAY: i64 = 86_400;

/// The civil times, both ends included, for which occurrences are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: DateTime,
    pub(crate) until: DateTime,
}

/// A rule that was read, its `UNTIL` kept apart since it may be UTC.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    rule: IcalRecurRule,
    until: Option<Until>,
}

/// The last time of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// A UTC time, to be converted to the clock of the event.
    Utc(DateTime),
    Local(DateTime),
    Day(Date),
}

impl Rule {
    /// # Errors
    ///
    /// The reason in words, naming the rule.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let unusable = |reason: String| format!("the rule {} is not usable: {reason}", shown(text));
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let mut rule = IcalRecurRule::parse(&compact)
            .map_err(|error| unusable(error.to_string().to_lowercase()))?;
        let lists = [
            rule.by_second.len(),
            rule.by_minute.len(),
            rule.by_hour.len(),
            rule.by_day.len(),
            rule.by_month_day.len(),
            rule.by_year_day.len(),
            rule.by_week_no.len(),
            rule.by_month.len(),
            rule.by_set_pos.len(),
        ];
        if lists.iter().any(|entries| *entries > LIST_MAX) {
            return Err(unusable(format!("a list has more than {LIST_MAX} entries")));
        }
        if lists[..3].iter().map(|entries| entries.max(&1)).product::<usize>() > TIMES_A_DAY_MAX {
            return Err(unusable(format!("it recurs more than {TIMES_A_DAY_MAX} times a day")));
        }
        if rule.count == Some(0) {
            return Err(unusable("COUNT is 0".to_owned()));
        }
        if rule.scale.as_deref().is_some_and(|scale| scale != "GREGORIAN") {
            return Err(unusable("RSCALE is not GREGORIAN".to_owned()));
        }
        let until = rule.until.take().and_then(|until| until_of(until, &compact));
        Ok(Self { rule, until })
    }

    /// Expands the rule of an event that starts at `start`, with its `UNTIL` brought onto the
    /// event's clock by `to_local`.
    ///
    /// # Errors
    ///
    /// The reason in words, where the rule takes too many steps.
    pub(crate) fn expand(
        &self,
        start: DateTime,
        window: Window,
        to_local: impl Fn(DateTime) -> DateTime,
        budget: &mut Budget,
    ) -> Result<Expansion, String> {
        let mut rule = self.rule.clone();
        let last = match self.until {
            None => window.until,
            Some(Until::Utc(at)) => window.until.min(to_local(at)),
            Some(Until::Local(at)) => window.until.min(at),
            Some(Until::Day(day)) => window.until.min(day.at(23, 59, 59, 0)),
        };
        rule.until = Some(to_rule(last));
        let start = skip_ahead(&rule, start, window.from);
        budget.take_steps(steps(&rule, start, last))?;

        let from = to_rule(window.from);
        let found = IcalRecurExpand::new(rule, to_rule(start)).filter(|at| *at >= from);
        let mut times: Vec<DateTime> =
            found.take(OCCURRENCES_PER_RULE + 1).filter_map(from_rule).collect();
        let cut_short = times.len() > OCCURRENCES_PER_RULE;
        times.truncate(OCCURRENCES_PER_RULE);
        Ok(Expansion { times, cut_short })
    }
}

/// What a rule gives in a window.
#[derive(Debug)]
pub(crate) struct Expansion {
    pub(crate) times: Vec<DateTime>,
    /// Whether there are more than `OCCURRENCES_PER_RULE`.
    pub(crate) cut_short: bool,
}

/// A later start with the same recurrences from there on: rules that count have to be walked
/// from their beginning, the others only shortly before the window.
fn skip_ahead(rule: &IcalRecurRule, start: DateTime, from: DateTime) -> DateTime {
    let unit = match rule.freq {
        _ if rule.count.is_some() => return start,
        IcalRecurFreq::Secondly => 1,
        IcalRecurFreq::Minutely => 60,
        IcalRecurFreq::Hourly => 3_600,
        IcalRecurFreq::Daily => DAY,
        IcalRecurFreq::Weekly => 7 * DAY,
        // The day of the month or of the year is the start's: leave it alone.
        IcalRecurFreq::Monthly | IcalRecurFreq::Yearly => return start,
    };
    let stride = unit * i64::from(rule.interval);
    let strides = start.duration_until(from).as_secs() / stride - 1;
    if strides <= 0 {
        return start;
    }
    start.checked_add(SignedDuration::from_secs(strides * stride)).unwrap_or(start)
}

/// How many days and candidates are looked at between `start` and `last`.
fn steps(rule: &IcalRecurRule, start: DateTime, last: DateTime) -> u64 {
    let (period_seconds, days) = match rule.freq {
        IcalRecurFreq::Secondly => (1, 1),
        IcalRecurFreq::Minutely => (60, 1),
        IcalRecurFreq::Hourly => (3_600, 1),
        IcalRecurFreq::Daily => (DAY, 1),
        IcalRecurFreq::Weekly => (7 * DAY, 7),
        IcalRecurFreq::Monthly => (28 * DAY, 31),
        IcalRecurFreq::Yearly => (365 * DAY, 366),
    };
    let span = start.duration_until(last).as_secs().max(0);
    let periods = span / (period_seconds * i64::from(rule.interval)) + 1;
    let per_day = 1
        + rule.by_day.len()
        + rule.by_month_day.len()
        + rule.by_year_day.len()
        + rule.by_week_no.len()
        + rule.by_month.len();
    let times = [&rule.by_hour, &rule.by_minute, &rule.by_second]
        .into_iter()
        .map(|list| list.len().max(1))
        .product::<usize>();
    let per_period = days * (per_day + times * (1 + rule.by_set_pos.len()));
    periods.unsigned_abs().saturating_mul(per_period as u64)
}

fn until_of(until: IcalRecurDateTime, rule: &str) -> Option<Until> {
    let at = from_rule(until)?;
    let text = rule.split(';').rev().find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.eq_ignore_ascii_case("UNTIL").then_some(value)
    })?;
    Some(match text.as_bytes() {
        [.., b'Z' | b'z'] => Until::Utc(at),
        digits if digits.len() == 8 => Until::Day(at.date()),
        _ => Until::Local(at),
    })
}

fn to_rule(at: DateTime) -> IcalRecurDateTime {
    IcalRecurDateTime {
        year: i32::from(at.year()),
        month: at.month().unsigned_abs(),
        day: at.day().unsigned_abs(),
        hour: at.hour().unsigned_abs(),
        minute: at.minute().unsigned_abs(),
        second: at.second().unsigned_abs(),
    }
}

/// `None` for a leap second's candidate in a year that has none to give.
fn from_rule(at: IcalRecurDateTime) -> Option<DateTime> {
    let small = |value: u8| i8::try_from(value).ok();
    DateTime::new(
        i16::try_from(at.year).ok()?,
        small(at.month)?,
        small(at.day)?,
        small(at.hour)?,
        small(at.minute)?,
        small(at.second.min(59))?,
        0,
    )
    .ok()
}
