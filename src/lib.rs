//! Reminders about events that survive: stored in your own database, sent on time, moved and
//! cancelled with the booking, and always able to say why (not).
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod policy;
pub mod time;

pub use chrono;
