//! The test kit: test your 24 hours in milliseconds.
//!
//! Switch on the feature `testing` in your dev-dependencies:
//!
//! ```toml
//! [dev-dependencies]
//! puntual = { version = "0.1", features = ["testing"] }
//! ```
//!
//! A reminder that goes out 24 hours before its booking, seen going out:
//!
//! ```
//! use std::time::Duration;
//! use puntual::notify::MemoryNotifier;
//! use puntual::store::MemoryStore;
//! use puntual::task::{Channel, EmailAddress, Subject};
//! use puntual::testing::VirtualClock;
//! use puntual::{EventTime, Reminder, Reminders, Scheduler};
//!
//! const HOURS_24: Duration = Duration::from_secs(24 * 60 * 60);
//!
//! # tokio_test::block_on(async {
//! let clock = VirtualClock::at("2026-07-01T09:00:00Z");
//! let mailbox = MemoryNotifier::new(Channel::EMAIL);
//! let scheduler = Scheduler::builder(MemoryStore::new())
//!     .notifier(mailbox.clone())
//!     .clock(clock.clone())
//!     .build()?;
//!
//! let court = EventTime::civil("2026-07-11T20:00", "Europe/Madrid")?;
//! let jane: EmailAddress = "jane@example.com".parse()?;
//! let about = Subject::new("booking", 123);
//! let reminder = Reminder::new("reminder_24h", &about, jane)
//!     .event(court)
//!     .before(HOURS_24)
//!     .text("Your court is booked for tomorrow, 8 pm.");
//! scheduler.schedule(reminder).await?;
//!
//! clock.advance_to("2026-07-10T17:59:59Z");
//! scheduler.run_until_idle().await?;
//! assert!(mailbox.sent().is_empty(), "never early");
//!
//! clock.advance(Duration::from_secs(1));
//! scheduler.run_until_idle().await?;
//! assert_eq!(mailbox.sent().len(), 1, "and then on time, once");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! What is here: [`VirtualClock`] is time, [`ScriptedNotifier`] a provider that does what you tell
//! it, [`attempt()`] calls a notifier of your own, [`new_task`] and [`change`] write rows.

mod attempt;
mod build;
mod clock;
pub mod conformance;
mod faulty;
mod notifier;

pub use attempt::{AttemptBuilder, TestAttempt, attempt, notification};
pub use build::{ChangeBuilder, NewTaskBuilder, change, claim_id, entry_id, new_task, task_id};
pub use clock::{IntoInstant, VirtualClock};
pub use conformance::task_store_conformance;
pub use faulty::{Fault, FaultyStore, Operation};
pub use notifier::{AttemptEnd, GateSeen, JournalLine, ScriptedNotifier, Stall, Step};
