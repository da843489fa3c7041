//! The rule that says when to remind, usually relative to an event.

mod due;
mod words;

use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::error::TimeError;
use super::event_time::EventTime;
use super::instant::checked_instant;
use super::local::{LocalTimeRule, checked_time};
use super::wire;
use super::zone::Zone;

/// When to remind.
///
/// Two kinds of distance are told apart, as RFC 5545 does (`-PT24H` and `-P1D`): [`before`] and
/// [`after`] count on the time line, [`days_before`], [`days_after`] and [`months_before`] count
/// on the calendar and keep the local time. They differ by an hour where clocks are changed.
///
/// | trigger | event Sunday 2026-03-29 10:00 Europe/Berlin, clocks go forward that night |
/// |---|---|
/// | `before(24 h)` | Saturday 09:00 CET |
/// | `days_before(1)` | Saturday 10:00 CET |
/// | `days_before(1).at_time(09:00)` | Saturday 09:00 CET |
/// | `days_before(0).at_time(07:00)` | Sunday 07:00 CEST |
/// | `after(2 h)` | Sunday 12:00 CEST |
///
/// A calendar trigger counts in the event's zone, unless it names one or asks for the recipient's.
///
/// [`before`]: Trigger::before
/// [`after`]: Trigger::after
/// [`days_before`]: Trigger::days_before
/// [`days_after`]: Trigger::days_after
/// [`months_before`]: Trigger::months_before
///
/// # Examples
///
/// ```
/// use chrono::{DateTime, NaiveTime, Utc};
/// use puntual::time::{EventTime, Trigger, TzDatabase};
/// use std::time::Duration;
///
/// let (now, tz) = ("2026-03-01T00:00:00Z".parse()?, TzDatabase::newest());
/// let event = EventTime::civil("2026-03-29T10:00", "Europe/Berlin")?;
/// let due = |trigger: Trigger| trigger.due(now, Some(&event), None, &tz);
///
/// let exact: DateTime<Utc> = "2026-03-28T08:00:00Z".parse()?;
/// assert_eq!(due(Trigger::before(Duration::from_secs(24 * 3_600)))?, exact);
///
/// let calendar: DateTime<Utc> = "2026-03-28T09:00:00Z".parse()?;
/// assert_eq!(due(Trigger::days_before(1))?, calendar);
///
/// let evening = NaiveTime::from_hms_opt(20, 0, 0).ok_or("no time of day")?;
/// let trigger = Trigger::days_before(1).at_time(evening);
/// assert_eq!(trigger.to_string(), "1 day before the event at 20:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Trigger {
    when: When,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "wire::time_option")]
    at_time: Option<NaiveTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<TriggerZone>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<LocalTimeRule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum When {
    Now,
    #[serde(with = "wire::instant")]
    At(DateTime<Utc>),
    #[serde(with = "wire::duration")]
    Before(Duration),
    #[serde(with = "wire::duration")]
    After(Duration),
    DaysBefore(u32),
    DaysAfter(u32),
    MonthsBefore(u32),
}

/// Where a calendar trigger counts, if not in the event's zone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TriggerZone {
    Recipient,
    Named(Zone),
}

const FIELD: &str = "trigger";

impl Trigger {
    /// Exactly this long before the event, on the time line; cut to microseconds, not zero.
    pub fn before(offset: Duration) -> Self {
        Self::new(When::Before(whole_micros(offset)))
    }

    /// Exactly this long after the event, on the time line; cut to microseconds, not zero.
    pub fn after(offset: Duration) -> Self {
        Self::new(When::After(whole_micros(offset)))
    }

    /// So many calendar days before the event, at the event's local time or at
    /// [`at_time`](Trigger::at_time). Zero days need `at_time`: "on the morning of the day".
    pub fn days_before(days: u32) -> Self {
        Self::new(When::DaysBefore(days))
    }

    /// So many calendar days after the event, at the event's local time or at
    /// [`at_time`](Trigger::at_time), which zero days need.
    pub fn days_after(days: u32) -> Self {
        Self::new(When::DaysAfter(days))
    }

    /// So many calendar months before the event, counted from the event's date and clamped to the
    /// month's last day: one month before 31 March is 28 February. Not zero.
    pub fn months_before(months: u32) -> Self {
        Self::new(When::MonthsBefore(months))
    }

    /// At once: the confirmation of a booking.
    pub fn now() -> Self {
        Self::new(When::Now)
    }

    /// At this instant, cut to microseconds: for reminders without an event.
    pub fn at(instant: DateTime<Utc>) -> Self {
        // An instant outside the range is kept, for `check` to refuse.
        Self::new(When::At(checked_instant(FIELD, instant).unwrap_or(instant)))
    }

    /// At this local time of the day that a calendar trigger counts to; cut to microseconds.
    #[must_use]
    pub fn at_time(mut self, time: NaiveTime) -> Self {
        // A leap second is kept, for `check` to refuse.
        self.at_time = Some(checked_time(FIELD, time).unwrap_or(time));
        self
    }

    /// Counts the days of a calendar trigger in this zone.
    #[must_use]
    pub fn in_zone(mut self, zone: Zone) -> Self {
        self.zone = Some(TriggerZone::Named(zone));
        self
    }

    /// Counts the days of a calendar trigger in the recipient's zone, which must then be known.
    #[must_use]
    pub fn in_recipient_zone(mut self) -> Self {
        self.zone = Some(TriggerZone::Recipient);
        self
    }

    /// Chooses what the local time of a calendar trigger means where clocks are changed over it;
    /// [`LocalTimeRule::Compatible`] by default.
    #[must_use]
    pub fn with_rule(mut self, rule: LocalTimeRule) -> Self {
        self.rule = Some(rule);
        self
    }

    /// Checks what can be checked without an event.
    ///
    /// # Errors
    ///
    /// [`Invalid`](super::TimeErrorKind::Invalid): a zero offset; zero days without `at_time`;
    /// a time of day, zone or rule on a trigger that does not count on the calendar; a leap second.
    /// [`OutOfRange`](super::TimeErrorKind::OutOfRange): an instant outside the years 1970 to 9999.
    pub fn check(&self) -> Result<(), TimeError> {
        let invalid = |rule| Err(TimeError::invalid(FIELD, rule));
        if let When::At(at) = self.when {
            checked_instant(FIELD, at)?;
        }
        if let Some(time) = self.at_time {
            checked_time(FIELD, time)?;
        }
        match self.when {
            When::Before(offset) | When::After(offset) if offset.is_zero() => {
                invalid("an offset must not be zero, use now() for a message at once")
            }
            When::DaysBefore(0) | When::DaysAfter(0) if self.at_time.is_none() => {
                invalid("zero days need at_time, the local time of that day")
            }
            When::MonthsBefore(0) => invalid("zero months are zero days, use days_before"),
            When::DaysBefore(_) | When::DaysAfter(_) | When::MonthsBefore(_) => Ok(()),
            When::Now | When::At(_) | When::Before(_) | When::After(_) => {
                if self.at_time.is_some() || self.zone.is_some() || self.rule.is_some() {
                    return invalid(
                        "at_time, in_zone, in_recipient_zone and with_rule need a calendar \
                         trigger: days_before, days_after or months_before",
                    );
                }
                Ok(())
            }
        }
    }

    /// Whether this is [`Trigger::now`], the trigger of a confirmation.
    pub fn is_now(&self) -> bool {
        matches!(self.when, When::Now)
    }

    /// Whether due is counted from an event, so that the trigger needs one and moves with it.
    pub fn is_relative_to_event(&self) -> bool {
        !matches!(self.when, When::Now | When::At(_))
    }

    /// Whether due may change with the rules of zones: the trigger is relative to an event, and
    /// the event is a local time or the trigger counts in a zone.
    pub fn needs_recompute(&self, event: Option<&EventTime>) -> bool {
        let civil = event.is_some_and(|event| event.zone().is_some());
        self.is_relative_to_event() && (civil || self.is_calendar())
    }

    /// How long before the event (positive) or after it (negative) the reminder is due; `None`
    /// for a trigger that is not relative to the event.
    ///
    /// `due` is what [`due`](Trigger::due) answered, before any policy moved it.
    pub fn offset(&self, due: DateTime<Utc>, event: DateTime<Utc>) -> Option<TimeDelta> {
        self.is_relative_to_event().then(|| event.signed_duration_since(due))
    }

    fn is_calendar(&self) -> bool {
        matches!(self.when, When::DaysBefore(_) | When::DaysAfter(_) | When::MonthsBefore(_))
    }

    fn new(when: When) -> Self {
        Self { when, at_time: None, zone: None, rule: None }
    }
}

fn whole_micros(offset: Duration) -> Duration {
    Duration::new(offset.as_secs(), offset.subsec_micros() * 1_000)
}
