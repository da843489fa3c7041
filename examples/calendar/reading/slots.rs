//! The times at which a series takes place, and which of them other events stand for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::{
    DAYS_AHEAD,
    budget::OCCURRENCES_PER_RULE,
    event::Event,
    expand::Expander,
    moment::Moment,
    placed::Placed,
    recur::{Rule, Window},
};

/// Replacements by the time, on the series' clock, for which they stand.
pub(crate) type Replacements<'e> = BTreeMap<DateTime, Replacement<'e>>;

/// What stands for an occurrence of a series instead of the series itself.
#[derive(Debug, Clone)]
pub(crate) struct Replacement<'e> {
    pub(crate) event: &'e Event,
    /// `None` where it is cancelled without a start of its own.
    pub(crate) begins: Option<Placed>,
}

impl Replacement<'_> {
    /// Where a later occurrence begins that follows this one's change: as much later as it.
    pub(crate) fn shifted(&self, from: DateTime, slot: DateTime, placed: &Placed) -> Placed {
        let Some(begins) = &self.begins else {
            return placed.clone();
        };
        let later = from.duration_until(slot);
        begins.at.checked_add(later).map_or_else(|_| placed.clone(), |at| begins.moved_to(at))
    }
}

impl Expander<'_, '_> {
    /// The times of a series in the window, exceptions taken out.
    pub(crate) fn slots(
        &mut self,
        master: &Event,
        base: &Placed,
        window: Window,
    ) -> BTreeSet<DateTime> {
        let mut slots: BTreeSet<DateTime> = self.ruled(&master.rules, base, window);
        slots.insert(base.at);
        for date in &master.dates {
            slots.extend(self.on_clock(master.root, date, base, "RDATE"));
        }
        let mut without = self.ruled(&master.excluded_rules, base, window);
        let mut days: BTreeSet<Date> = BTreeSet::new();
        for date in &master.excluded_dates {
            match date {
                Moment::Day(day) => drop(days.insert(*day)),
                _ => without.extend(self.on_clock(master.root, date, base, "EXDATE")),
            }
        }
        slots.retain(|slot| {
            let wanted = (window.from..=window.until).contains(slot);
            wanted && !without.contains(slot) && !days.contains(&slot.date())
        });
        slots
    }

    fn ruled(&mut self, rules: &[Rule], base: &Placed, window: Window) -> BTreeSet<DateTime> {
        let mut times = BTreeSet::new();
        for rule in rules {
            let to_local = |utc: DateTime| match TimeZone::UTC.to_timestamp(utc) {
                Ok(instant) if !base.all_day => base.clock.civil(instant).unwrap_or(utc),
                _ => utc,
            };
            match rule.expand(base.at, window, to_local, &mut self.budget) {
                Ok(expansion) => {
                    if expansion.cut_short {
                        self.fail(format!(
                            "it recurs more than {OCCURRENCES_PER_RULE} times in \
                             {DAYS_AHEAD} days, the later ones are left out"
                        ));
                    }
                    times.extend(expansion.times);
                }
                Err(reason) => self.fail(format!("the rule is not usable: {reason}")),
            }
        }
        times
    }

    /// The events that stand for one occurrence, and those that stand for all later ones too,
    /// by the time for which they stand. Left out is what lies and stays outside the window.
    pub(crate) fn replacements<'e>(
        &mut self,
        overrides: &'e [Event],
        base: &Placed,
        window: Window,
    ) -> (Replacements<'e>, Replacements<'e>) {
        let (mut exact, mut ranges) = (Replacements::new(), Replacements::new());
        let mut oldest_first: Vec<&Event> = overrides.iter().collect();
        oldest_first.sort_by(|one, other| one.version.cmp(&other.version));
        let wanted = |at: &DateTime| (window.from..=window.until).contains(at);
        for event in oldest_first {
            let Some(id) = &event.recurrence_id else {
                continue;
            };
            let Some(slot) = self.on_clock(event.root, id, base, "RECURRENCE-ID") else {
                continue;
            };
            let begins = match event.start {
                None if event.cancelled => None,
                _ => match self.beginning(event) {
                    Some(begins) => Some(begins),
                    None => continue,
                },
            };
            let told = begins.as_ref().and_then(|placed| placed.on_clock_of(base));
            if event.this_and_future {
                ranges.insert(slot, Replacement { event, begins: begins.clone() });
            }
            if wanted(&slot) || told.is_some_and(|at| wanted(&at)) {
                exact.insert(slot, Replacement { event, begins });
            }
        }
        (exact, ranges)
    }

    /// The time of `moment` told on the clock of `base`. A date takes the hour of `base`.
    fn on_clock(
        &mut self,
        root: usize,
        moment: &Moment,
        base: &Placed,
        property: &str,
    ) -> Option<DateTime> {
        if base.all_day || matches!(moment, Moment::Day(_)) {
            return Some(moment.date().to_datetime(base.at.time()));
        }
        self.place(root, moment, property)?.on_clock_of(base)
    }
}
