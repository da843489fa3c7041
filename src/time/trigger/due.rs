//! From trigger and event to the instant at which the reminder is due.

use chrono::{DateTime, NaiveDateTime, Utc};
use jiff::{Span, civil};

use super::{FIELD, Trigger, TriggerZone, When};
use crate::time::error::{TimeError, TimeErrorKind};
use crate::time::event_time::EventTime;
use crate::time::instant::{checked_add, checked_instant, from_micros};
use crate::time::local;
use crate::time::tz_database::TzDatabase;
use crate::time::zone::Zone;

impl Trigger {
    /// The instant at which the reminder is due, exactly; it may be past.
    ///
    /// `now` counts for [`Trigger::now`] only.
    ///
    /// # Errors
    ///
    /// What [`check`](Trigger::check) finds, and:
    ///
    /// - [`NeedsEvent`](TimeErrorKind::NeedsEvent): the trigger is relative, there is no event;
    /// - [`NeedsZone`](TimeErrorKind::NeedsZone): a calendar trigger, and neither the event nor
    ///   the trigger has a zone, or the recipient's is asked for and absent;
    /// - [`AfterEvent`](TimeErrorKind::AfterEvent): a trigger that counts back from the event
    ///   falls at it or after it, `days_before(0).at_time(11:00)` for an event at 10:00;
    /// - [`BeforeEvent`](TimeErrorKind::BeforeEvent): a follow-up falls before it;
    /// - [`UnknownZone`](TimeErrorKind::UnknownZone): `tz` does not know the zone;
    /// - [`OutOfRange`](TimeErrorKind::OutOfRange), and the two kinds of
    ///   [`LocalTimeRule::Reject`](crate::time::LocalTimeRule::Reject).
    pub fn due(
        &self,
        now: DateTime<Utc>,
        event: Option<&EventTime>,
        recipient_zone: Option<&Zone>,
        tz: &TzDatabase,
    ) -> Result<DateTime<Utc>, TimeError> {
        self.check()?;
        let event = match self.when {
            When::Now => return checked_instant("now", now),
            When::At(at) => return checked_instant(FIELD, at),
            _ => event.ok_or_else(|| {
                let rule = "is relative to an event, and there is none";
                TimeError::new(TimeErrorKind::NeedsEvent, FIELD, rule)
            })?,
        };
        let event_at = event.resolve(tz)?;
        let due = match self.when {
            When::Before(offset) => i64::try_from(offset.as_micros())
                .ok()
                .and_then(|micros| event_at.timestamp_micros().checked_sub(micros))
                .and_then(from_micros)
                .ok_or_else(|| TimeError::out_of_range(FIELD))?,
            When::After(offset) => {
                checked_add(event_at, offset).ok_or_else(|| TimeError::out_of_range(FIELD))?
            }
            _ => self.calendar_due(event, event_at, recipient_zone, tz)?,
        };
        self.check_side(due, event_at)?;
        Ok(due)
    }

    fn calendar_due(
        &self,
        event: &EventTime,
        event_at: DateTime<Utc>,
        recipient_zone: Option<&Zone>,
        tz: &TzDatabase,
    ) -> Result<DateTime<Utc>, TimeError> {
        let zone = self.counting_zone(event, recipient_zone)?;
        let rules = tz.zone(zone)?;
        // In the event's own zone the anchor is the local time as the host gave it, also where
        // clocks are changed over it.
        let anchor = match event.local() {
            Some(local) if event.zone() == Some(zone) => local,
            _ => local::to_local(&rules, event_at)?,
        };
        let local = self.shifted(anchor).ok_or_else(|| TimeError::out_of_range(FIELD))?;
        local::to_instant(FIELD, &rules, local, self.rule.unwrap_or_default())
    }

    fn counting_zone<'z>(
        &'z self,
        event: &'z EventTime,
        recipient_zone: Option<&'z Zone>,
    ) -> Result<&'z Zone, TimeError> {
        let needs = |rule| TimeError::new(TimeErrorKind::NeedsZone, FIELD, rule);
        match &self.zone {
            Some(TriggerZone::Named(zone)) => Ok(zone),
            Some(TriggerZone::Recipient) => recipient_zone
                .ok_or_else(|| needs("counts in the recipient's zone, and the recipient has none")),
            None => event.zone().ok_or_else(|| {
                needs("counts days, and the event is an instant without a zone: use in_zone")
            }),
        }
    }

    /// The anchor moved by whole days or months, always from the anchor itself, so that months do
    /// not drift.
    fn shifted(&self, anchor: NaiveDateTime) -> Option<NaiveDateTime> {
        let date: civil::Date = local::date_of(FIELD, anchor).ok()?;
        let span = Span::new();
        let date = match self.when {
            When::DaysBefore(days) => date.checked_sub(span.try_days(days).ok()?),
            When::DaysAfter(days) => date.checked_add(span.try_days(days).ok()?),
            When::MonthsBefore(months) => date.checked_sub(span.try_months(months).ok()?),
            When::Now | When::At(_) | When::Before(_) | When::After(_) => Ok(date),
        };
        local::at_time(date.ok()?, self.at_time.unwrap_or(anchor.time()))
    }

    fn check_side(&self, due: DateTime<Utc>, event_at: DateTime<Utc>) -> Result<(), TimeError> {
        let (kind, rule) = match self.when {
            When::Before(_) | When::DaysBefore(_) | When::MonthsBefore(_) if due >= event_at => {
                (TimeErrorKind::AfterEvent, "must be due before the event")
            }
            When::After(_) | When::DaysAfter(_) if due < event_at => {
                (TimeErrorKind::BeforeEvent, "must be due after the event")
            }
            _ => return Ok(()),
        };
        Err(TimeError::new(kind, FIELD, format!("{rule}: due {due}, event {event_at}")))
    }
}
