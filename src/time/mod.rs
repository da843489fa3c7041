//! WHEN: clocks, event times, triggers, delivery windows and zones.
//!
//! Reading order: [`EventTime`] (when it takes place), [`Trigger`] (the rule that says when to
//! remind), [`DeliveryWindow`] (the hours in which people want to hear from you), [`Zone`] and
//! [`TzDatabase`] (where local times become instants), [`Clock`] (what time it is now).
//!
//! Instants are [`chrono::DateTime<Utc>`](chrono::DateTime), cut to microseconds where they enter;
//! local times are [`chrono::NaiveDateTime`] with a [`Zone`]. Everything lies between
//! [`FIRST_INSTANT`] and [`LAST_INSTANT`], the years 1970 to 9999; what does not is a
//! [`TimeError`] of kind [`OutOfRange`](TimeErrorKind::OutOfRange). Nothing here overflows or
//! panics, and nothing but [`SystemClock`] reads a clock.

mod clock;
mod error;
mod event_time;
mod instant;
mod local;
mod trigger;
mod tz_database;
mod tz_version;
mod window;
pub(crate) mod wire;
mod zone;

pub use clock::{Clock, SystemClock};
pub use error::{TimeError, TimeErrorKind};
pub use event_time::{EventTime, IntoLocal};
pub use instant::{
    FIRST_INSTANT, LAST_INSTANT, checked_add, checked_add_delta, checked_instant, saturating_add,
    saturating_sub,
};
pub use local::LocalTimeRule;
pub use trigger::Trigger;
pub use tz_database::TzDatabase;
pub use tz_version::TzVersion;
pub use window::DeliveryWindow;
pub use zone::{IntoZone, Zone};
