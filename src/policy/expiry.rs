//! When sending has become worse than silence.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::error::{PolicyError, PolicyErrorKind};
use crate::time::{checked_add, checked_add_delta, checked_instant, saturating_add, wire};

/// When a reminder expires. After that instant it is not sent any more.
///
/// The default depends on what the reminder says:
///
/// | reminder | expires |
/// |---|---|
/// | before an event, rendered when it is sent | when the event starts |
/// | before an event, fixed text ("tomorrow") | half-way from due to the event, or at its start |
/// | follow-up, message at once, at an instant | 24 hours after due |
///
/// # Examples
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use puntual::policy::ExpiryPolicy;
///
/// let event: DateTime<Utc> = "2026-07-10T13:00:00Z".parse()?;
/// let (due, day) = (event - TimeDelta::days(1), Some(TimeDelta::days(1)));
/// let policy = ExpiryPolicy::default();
/// assert_eq!(policy.expires_at(due, Some(event), day, false)?, event);
/// assert_eq!(policy.expires_at(due, Some(event), day, true)?, due + TimeDelta::hours(12));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExpiryPolicy(Rule);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rule {
    #[default]
    Usual,
    #[serde(with = "wire::duration")]
    AfterDue(Duration),
    AtEvent,
    #[serde(with = "wire::duration")]
    BeforeEvent(Duration),
    #[serde(with = "wire::instant")]
    At(DateTime<Utc>),
}

/// How long a message stays useful that nothing else limits: a day, so that a host that is down
/// over night still sends it.
const USEFUL_AFTER_DUE: Duration = Duration::from_secs(24 * 3_600);

const FIELD: &str = "expiry";

impl ExpiryPolicy {
    /// So long after due; cut to microseconds, not zero.
    pub fn after_due(life: Duration) -> Self {
        Self(Rule::AfterDue(Duration::new(
            life.as_secs(),
            life.subsec_micros() * 1_000,
        )))
    }

    /// When the event starts, also for a fixed text.
    pub fn at_event() -> Self {
        Self(Rule::AtEvent)
    }

    /// So long before the event starts: "no reminder in the last hour".
    pub fn before_event(lead: Duration) -> Self {
        Self(Rule::BeforeEvent(Duration::new(
            lead.as_secs(),
            lead.subsec_micros() * 1_000,
        )))
    }

    /// At this instant, cut to microseconds.
    pub fn at(instant: DateTime<Utc>) -> Self {
        // An instant outside the range is kept, for `expires_at` to refuse.
        Self(Rule::At(checked_instant(FIELD, instant).unwrap_or(instant)))
    }

    /// The instant at which a reminder expires, always after `due`.
    ///
    /// `event` is the event's start, `offset` the distance from due to it as
    /// [`Trigger::offset`](crate::time::Trigger::offset) tells it: positive before the event,
    /// absent for a reminder that is not relative to it. `fixed_text` says that the words were
    /// chosen when the reminder was asked for.
    ///
    /// # Errors
    ///
    /// [`NeedsEvent`](PolicyErrorKind::NeedsEvent) where the rule counts from an event that is
    /// absent; [`NotAfterDue`](PolicyErrorKind::NotAfterDue) where the reminder could never be
    /// sent; [`OutOfRange`](PolicyErrorKind::OutOfRange).
    pub fn expires_at(
        &self,
        due: DateTime<Utc>,
        event: Option<DateTime<Utc>>,
        offset: Option<TimeDelta>,
        fixed_text: bool,
    ) -> Result<DateTime<Utc>, PolicyError> {
        let need_event = || {
            let rule = "counts from the event, and there is none";
            event.ok_or(PolicyError::new(PolicyErrorKind::NeedsEvent, FIELD, rule))
        };
        let expires_at = match self.0 {
            Rule::Usual => Some(usual(due, event, offset, fixed_text)),
            Rule::AfterDue(life) => checked_add(due, life),
            Rule::AtEvent => Some(need_event()?),
            Rule::BeforeEvent(lead) => {
                let event = need_event()?;
                TimeDelta::from_std(lead)
                    .ok()
                    .and_then(|lead| checked_add_delta(event, -lead))
            }
            Rule::At(at) => checked_instant(FIELD, at).ok(),
        };
        let rule = "lies outside the years 1970 to 9999";
        let expires_at =
            expires_at.ok_or(PolicyError::new(PolicyErrorKind::OutOfRange, FIELD, rule))?;
        if expires_at <= due {
            let rule = "must be after due, else the reminder could never be sent";
            return Err(PolicyError::new(PolicyErrorKind::NotAfterDue, FIELD, rule));
        }
        Ok(expires_at)
    }
}

fn usual(
    due: DateTime<Utc>,
    event: Option<DateTime<Utc>>,
    offset: Option<TimeDelta>,
    fixed_text: bool,
) -> DateTime<Utc> {
    match (event, offset) {
        (Some(event), Some(offset)) if offset > TimeDelta::zero() => {
            let half = offset.to_std().unwrap_or_default() / 2;
            if fixed_text {
                event.min(saturating_add(due, half))
            } else {
                event
            }
        }
        _ => saturating_add(due, USEFUL_AFTER_DUE),
    }
}
