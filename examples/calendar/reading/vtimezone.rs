//! The file's own definition of a time zone (RFC 5545 section 3.6.5), for zones that have no
//! IANA name.

use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};

use super::{
    budget::Budget,
    component::{Calendar, Component, Property},
    moment::{Moment, offset_seconds},
    problem::shown,
    recur::{Rule, Window},
};

/// The year up to which changes of the offset are worked out.
const LAST_YEAR: i16 = 2100;

/// A zone as a list of changes of its offset.
#[derive(Debug)]
pub(crate) struct OwnZone {
    /// By time.
    changes: Vec<Change>,
}

/// From one offset to another, in seconds east of UTC.
#[derive(Debug, Clone, Copy)]
struct Change {
    /// The civil time of the change, told in the offset before it.
    at: DateTime,
    from: i32,
    to: i32,
}

impl OwnZone {
    /// Reads a `VTIMEZONE` and its observances; what is unusable in them goes to `problems`.
    ///
    /// # Errors
    ///
    /// The reason in words, where no observance is usable.
    pub(crate) fn read(
        calendar: &Calendar,
        zone: usize,
        budget: &mut Budget,
        problems: &mut Vec<String>,
    ) -> Result<Self, String> {
        let mut changes = Vec::new();
        let children = calendar.components[zone].children.iter();
        for component in children.map(|index| &calendar.components[*index]) {
            if matches!(component.name.as_str(), "STANDARD" | "DAYLIGHT") {
                problems.extend(component.broken.iter().cloned());
                match observe(component, &mut changes, budget) {
                    Ok(reasons) => problems.extend(reasons),
                    Err(reason) => problems.push(reason),
                }
            }
        }
        if changes.is_empty() {
            return Err("its VTIMEZONE has no usable STANDARD or DAYLIGHT".to_owned());
        }
        changes.sort_by_key(|change| change.at);
        changes.dedup_by_key(|change| change.at);
        Ok(Self { changes })
    }

    /// The instant of a civil time and the offset that it is told in. In a gap the offset
    /// before it counts, of a repeated time the first one does (RFC 5545 section 3.3.5).
    pub(crate) fn instant(&self, civil: DateTime) -> Option<(Timestamp, TimeZone)> {
        let next = self.changes.partition_point(|change| change.at <= civil);
        let seconds = match next.checked_sub(1).map(|index| self.changes[index]) {
            None => self.changes.first()?.from,
            Some(change) => {
                let since = change.at.duration_until(civil).as_secs();
                if since < i64::from(change.to - change.from) { change.from } else { change.to }
            }
        };
        let written_in = fixed(seconds)?;
        let instant = written_in.to_timestamp(civil).ok()?;
        Some((instant, fixed(self.offset_at(instant)?)?))
    }

    /// The civil time that the zone's clocks show.
    pub(crate) fn civil(&self, instant: Timestamp) -> Option<DateTime> {
        Some(fixed(self.offset_at(instant)?)?.to_datetime(instant))
    }

    fn offset_at(&self, instant: Timestamp) -> Option<i32> {
        let utc = TimeZone::UTC.to_datetime(instant);
        let over = |change: &Change| {
            let local = utc.saturating_add(SignedDuration::from_secs(i64::from(change.from)));
            change.at <= local
        };
        match self.changes.partition_point(over) {
            0 => Some(self.changes.first()?.from),
            next => Some(self.changes[next - 1].to),
        }
    }
}

fn fixed(seconds: i32) -> Option<TimeZone> {
    Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
}

/// Adds the changes of one observance and answers what of it was left out.
fn observe(
    observance: &Component,
    changes: &mut Vec<Change>,
    budget: &mut Budget,
) -> Result<Vec<String>, String> {
    let offset = |name: &str| {
        let property = observance.property(name).ok_or_else(|| format!("{name} is missing"))?;
        let value = &property.value;
        offset_seconds(value).ok_or_else(|| format!("{name} is not an offset: {}", shown(value)))
    };
    let (from, to) = (offset("TZOFFSETFROM")?, offset("TZOFFSETTO")?);
    let start = observance.property("DTSTART").ok_or("an observance has no DTSTART")?;
    let start = onset(&Moment::of(start)?, from);
    changes.push(Change { at: start, from, to });

    let mut problems = Vec::new();
    for property in &observance.properties {
        let onsets = match property.name.as_str() {
            "RDATE" => Moment::list(property)
                .into_iter()
                .filter_map(|moment| moment.map_err(|reason| problems.push(reason)).ok())
                .map(|moment| onset(&moment, from))
                .collect(),
            "RRULE" => repeated(property, start, from, budget).unwrap_or_else(|reason| {
                problems.push(reason);
                Vec::new()
            }),
            _ => Vec::new(),
        };
        changes.extend(onsets.into_iter().map(|at| Change { at, from, to }));
    }
    Ok(problems)
}

fn repeated(
    property: &Property,
    start: DateTime,
    from: i32,
    budget: &mut Budget,
) -> Result<Vec<DateTime>, String> {
    let until = DateTime::constant(LAST_YEAR, 12, 31, 23, 59, 59, 0);
    let to_local = |utc: DateTime| onset(&Moment::Utc(utc), from);
    let rule = Rule::parse(&property.value)?;
    Ok(rule.expand(start, Window { from: start, until }, to_local, budget)?.times)
}

/// The civil time of a change, told in the offset before it as RFC 5545 demands; a UTC time,
/// against the rules but seen, is brought there.
fn onset(moment: &Moment, from: i32) -> DateTime {
    match moment {
        Moment::Day(day) => day.at(0, 0, 0, 0),
        Moment::Utc(at) => at.saturating_add(SignedDuration::from_secs(i64::from(from))),
        Moment::Floating(at) | Moment::Zoned { at, .. } => *at,
    }
}
