//! A civil time on its clock.

use jiff::civil::DateTime;

use super::{Start, zones::Clock};

/// A time with the clock that tells it.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) clock: Clock,
    pub(crate) at: DateTime,
    pub(crate) all_day: bool,
}

impl Placed {
    /// The same clock at another time.
    pub(crate) fn moved_to(&self, at: DateTime) -> Self {
        Self { at, ..self.clone() }
    }

    pub(crate) fn start(&self) -> Option<Start> {
        match &self.clock {
            // Midnight may not exist: the day then begins later.
            Clock::Zone(zone) if self.all_day => {
                let noon = zone.to_zoned_datetime(self.at.date().at(12, 0, 0, 0)).ok()?;
                self.clock.start(noon.start_of_day().ok()?.datetime())
            }
            clock => clock.start(self.at),
        }
    }

    /// The name of the occurrence at this time: a date or a UTC instant.
    pub(crate) fn identity(&self) -> Option<String> {
        if self.all_day {
            return Some(self.at.date().to_string());
        }
        Some(self.clock.start(self.at)?.instant()?.to_string())
    }

    /// This time told on the clock of `base`.
    pub(crate) fn on_clock_of(&self, base: &Self) -> Option<DateTime> {
        if self.all_day {
            return Some(self.at);
        }
        base.clock.civil(self.clock.start(self.at)?.instant()?)
    }
}
