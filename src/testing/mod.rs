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
//! What is here, by what you test:
//!
//! | you test | take |
//! |---|---|
//! | reminders of your application | [`VirtualClock`], and [`MemoryNotifier`] for what was sent |
//! | what happens when a provider fails, hangs or loses its answer | [`ScriptedNotifier`] |
//! | what happens when the database does | [`FaultyStore`] |
//! | what happens when a mail server does (feature `smtp`) | [`ScriptedSmtp`] |
//! | a notifier of your own | [`attempt()`] and [`notification`] |
//! | a store of your own | [`task_store_conformance!`], [`new_task`], [`change`] |
//!
//! Time passes when the test says so, and nothing is random: give the engine an
//! [`Entropy::seeded`] as well and a run repeats exactly.
//!
//! [`MemoryNotifier`]: crate::notify::MemoryNotifier
//! [`Entropy::seeded`]: crate::task::Entropy::seeded

mod attempt;
mod build;
mod clock;
pub mod conformance;
mod faulty;
mod notifier;
#[cfg(feature = "smtp")]
mod smtp;

pub use attempt::{AttemptBuilder, TestAttempt, attempt, notification};
pub use build::{ChangeBuilder, NewTaskBuilder, change, claim_id, entry_id, new_task, task_id};
pub use clock::{IntoInstant, VirtualClock};
pub use conformance::task_store_conformance;
pub use faulty::{Fault, FaultyStore, Operation};
pub use notifier::{AttemptEnd, GateSeen, JournalLine, ScriptedNotifier, Stall, Step};
#[cfg(feature = "smtp")]
pub use smtp::{ScriptedSmtp, SmtpConversation, SmtpMail, SmtpScript, SmtpStep};
