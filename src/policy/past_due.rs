//! What becomes of a reminder that is past due when it is asked for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::time::{saturating_add, wire};

/// What to do with a reminder whose due time has passed when it is scheduled: a booking made
/// 3 hours ahead has no "24 hours before" any more.
///
/// # Examples
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use puntual::policy::{PastDue, PastDueDecision};
/// use std::time::Duration;
///
/// let now: DateTime<Utc> = "2026-07-10T10:00:00Z".parse()?;
/// let (due, event) = (now - TimeDelta::hours(21), now + TimeDelta::hours(3));
/// assert_eq!(PastDue::default().decide(now, due, event), PastDueDecision::Skip);
///
/// let send = PastDue::SendNow { min_lead: Duration::from_secs(3_600) };
/// assert_eq!(send.decide(now, due, event), PastDueDecision::SendNow);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PastDue {
    /// Store it as skipped and say so.
    #[default]
    Skip,
    /// Send it at once, if it then still comes this long before the event; else skip it.
    SendNow {
        /// The least time from now to the event.
        #[serde(with = "wire::duration")]
        min_lead: Duration,
    },
    /// Refuse the request with an error.
    Refuse,
}

/// What [`PastDue::decide`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PastDueDecision {
    /// Due is now or ahead: nothing to decide.
    InTime,
    /// Store it as skipped.
    Skip,
    /// It is due now instead.
    SendNow,
    /// Refuse the request.
    Refuse,
}

impl PastDue {
    /// Decides about a reminder that is `due` and useful until `useful_until`: the event's start,
    /// or the expiry of a reminder without an event.
    pub fn decide(
        &self,
        now: DateTime<Utc>,
        due: DateTime<Utc>,
        useful_until: DateTime<Utc>,
    ) -> PastDueDecision {
        if due >= now {
            return PastDueDecision::InTime;
        }
        match self {
            Self::Skip => PastDueDecision::Skip,
            Self::SendNow { min_lead } => {
                // Nothing is useful at the very instant at which it ends, even with no lead.
                let fits = now < useful_until && saturating_add(now, *min_lead) <= useful_until;
                if fits {
                    PastDueDecision::SendNow
                } else {
                    PastDueDecision::Skip
                }
            }
            Self::Refuse => PastDueDecision::Refuse,
        }
    }
}
