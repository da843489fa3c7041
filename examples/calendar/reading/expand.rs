//! Puts events on the time line: every occurrence that is wanted, each with its identity.

use std::rc::Rc;

use jiff::{SignedDuration, tz::TimeZone};

use super::{
    DAYS_AHEAD, Occurrence, Options,
    budget::Budget,
    component::Calendar,
    event::Event,
    moment::Moment,
    placed::Placed,
    problem::PROBLEMS_MAX,
    recur::Window,
    zones::{Clock, Zones},
};

/// Reads the events of one file against its zones and its budget.
#[derive(Debug)]
pub(crate) struct Expander<'o, 'c> {
    file: Rc<str>,
    options: &'o Options,
    zones: Zones<'c>,
    pub(crate) budget: Budget,
    /// What was unusable since the last `take_findings`.
    pub(crate) problems: Vec<String>,
    /// Whether the occurrences since then are all there are.
    pub(crate) settled: bool,
}

impl<'o, 'c> Expander<'o, 'c> {
    pub(crate) fn new(file: Rc<str>, options: &'o Options, calendar: &'c Calendar) -> Self {
        let zones = Zones::new(calendar, options.zone.clone());
        let (budget, problems) = (Budget::for_file(), Vec::new());
        Self { file, options, zones, budget, problems, settled: true }
    }

    /// The problems of a series and whether it is settled; begins the next one.
    pub(crate) fn take_findings(&mut self) -> (Vec<String>, bool) {
        (std::mem::take(&mut self.problems), std::mem::replace(&mut self.settled, true))
    }

    pub(crate) fn into_zone_problems(self) -> Vec<String> {
        self.zones.into_problems()
    }

    /// The occurrence of an event that does not recur, whenever it is.
    pub(crate) fn single(&mut self, uid: &Rc<str>, event: &Event) -> Vec<Occurrence> {
        let placed = self.beginning(event);
        let occurrence = placed.and_then(|placed| self.occurrence(uid, event, None, &placed));
        occurrence.into_iter().collect()
    }

    /// The occurrences of a series from now on for `DAYS_AHEAD` days.
    pub(crate) fn recurring(
        &mut self,
        uid: &Rc<str>,
        master: &Event,
        overrides: &[Event],
    ) -> Vec<Occurrence> {
        let Some(base) = self.beginning(master) else {
            return self.orphans(uid, overrides);
        };
        let Some(window) = self.window(&base.clock) else {
            return Vec::new();
        };
        let mut slots = self.slots(master, &base, window);
        let (exact, ranges) = self.replacements(overrides, &base, window);
        slots.extend(exact.keys());

        let mut found = Vec::new();
        for slot in slots {
            let placed = base.moved_to(slot);
            let Some(original) = placed.identity() else {
                continue;
            };
            let range = ranges.range(..=slot).next_back();
            let (event, begins) = match (exact.get(&slot), range) {
                (Some(own), _) => (own.event, own.begins.clone().unwrap_or_else(|| placed.clone())),
                (None, Some((from, range))) => (range.event, range.shifted(*from, slot, &placed)),
                (None, None) => (master, placed),
            };
            let occurrence = self.occurrence(uid, event, Some(original), &begins);
            found.extend(occurrence.map(|occurrence| Occurrence {
                cancelled: occurrence.cancelled || master.cancelled,
                ..occurrence
            }));
        }
        found
    }

    /// Occurrences of a series that the file does not hold: an invitation to a single one.
    pub(crate) fn orphans(&mut self, uid: &Rc<str>, overrides: &[Event]) -> Vec<Occurrence> {
        let mut found = Vec::new();
        for event in overrides {
            let named = event.recurrence_id.as_ref();
            let Some(slot) = named.and_then(|id| self.place(event.root, id, "RECURRENCE-ID"))
            else {
                continue;
            };
            let begins = match event.start {
                None if event.cancelled => Some(slot.clone()),
                _ => self.beginning(event),
            };
            if let (Some(begins), Some(original)) = (begins, slot.identity()) {
                found.extend(self.occurrence(uid, event, Some(original), &begins));
            }
        }
        found
    }

    /// When an event begins; says so where that cannot be known.
    pub(crate) fn beginning(&mut self, event: &Event) -> Option<Placed> {
        match &event.start {
            Some(start) => self.place(event.root, start, "DTSTART"),
            None => {
                if !event.cancelled {
                    let told = self.problems.iter().any(|reason| reason.starts_with("DTSTART"));
                    self.settled = false;
                    if !told {
                        self.fail("DTSTART is missing".to_owned());
                    }
                }
                None
            }
        }
    }

    pub(crate) fn place(&mut self, root: usize, moment: &Moment, property: &str) -> Option<Placed> {
        let utc = Clock::Zone(TimeZone::UTC);
        Some(match moment {
            Moment::Day(day) => {
                let at = day.at(0, 0, 0, 0);
                Placed { clock: self.zones.floating(), at, all_day: true }
            }
            Moment::Floating(at) => {
                Placed { clock: self.zones.floating(), at: *at, all_day: false }
            }
            Moment::Utc(at) => Placed { clock: utc, at: *at, all_day: false },
            Moment::Zoned { at, tzid } => match self.zones.resolve(root, tzid, &mut self.budget) {
                Ok(clock) => Placed { clock, at: *at, all_day: false },
                Err(reason) => {
                    self.fail(format!("{property}: {reason}"));
                    return None;
                }
            },
        })
    }

    fn window(&mut self, clock: &Clock) -> Option<Window> {
        let now = self.options.now;
        let until = now.saturating_add(SignedDuration::from_hours(24 * DAYS_AHEAD)).ok()?;
        Some(Window { from: clock.civil(now)?, until: clock.civil(until)? })
    }

    fn occurrence(
        &mut self,
        uid: &Rc<str>,
        event: &Event,
        original_start: Option<String>,
        begins: &Placed,
    ) -> Option<Occurrence> {
        if let Err(reason) = self.budget.take_occurrence(event.attendees.len()) {
            self.fail(reason);
            return None;
        }
        let Some(start) = begins.start() else {
            self.fail("DTSTART is outside of the years that are known".to_owned());
            return None;
        };
        Some(Occurrence {
            file: Rc::clone(&self.file),
            uid: Rc::clone(uid),
            original_start,
            start,
            all_day: begins.all_day,
            summary: Rc::clone(&event.summary),
            attendees: Rc::clone(&event.attendees),
            cancelled: event.cancelled,
        })
    }

    /// Notes that some occurrences are not known, the same reason once.
    pub(crate) fn fail(&mut self, reason: String) {
        self.settled = false;
        if self.problems.len() <= PROBLEMS_MAX && !self.problems.contains(&reason) {
            self.problems.push(reason);
        }
    }
}
