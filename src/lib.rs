//! Reminders about events that survive: stored in your own database, sent on time, moved and
//! cancelled with the booking, and always able to say why (not).
//!
//! The rooms, in reading order: [`task`] is what is stored, [`time`] when, [`policy`] how often,
//! [`store`] where, [`notify`] how it is told, [`render`] in which words, [`scheduler`] the engine,
//! [`inspect`] what it can tell about all of it.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod inspect;
pub mod notify;
pub mod policy;
pub mod render;
pub mod scheduler;
pub mod store;
pub mod task;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;

pub use chrono;
pub use scheduler::{Reminder, Reminders, ScheduleError, Scheduler, SchedulerHandle};
pub use time::EventTime;
