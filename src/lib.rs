//! Reminders about events that survive: stored in your own database, sent on time, moved and
//! cancelled with the booking, and always able to say why (not).
//!
//! An application that takes bookings says "tell this person about this booking, 24 hours before
//! it starts". From then on the reminder is a row in the application's own database. It survives
//! restarts and crashes. It is never sent before it is due, nor after it has become pointless. It
//! needs no broker, no cron and no server of its own.
//!
//! A reminder knows what it is about. When the booking moves, one call moves all of its reminders;
//! when it is cancelled, one call cancels them; both can be part of the transaction that writes the
//! booking. At any time the library can say what happened to a reminder and why, in a sentence.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use puntual::notify::MemoryNotifier;
//! use puntual::store::MemoryStore;
//! use puntual::task::{Channel, EmailAddress, Subject};
//! use puntual::{EventTime, Reminder, Reminders, Scheduler};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mailbox = MemoryNotifier::new(Channel::EMAIL);
//! let scheduler = Scheduler::builder(MemoryStore::new()).notifier(mailbox.clone()).build()?;
//!
//! let booking = Subject::new("booking", 123);
//! let jane: EmailAddress = "jane@example.com".parse()?;
//! let start = EventTime::civil("2030-07-10T15:00", "Europe/Berlin")?;
//! let new = |kind| Reminder::new(kind, &booking, jane.clone()).event(start.clone());
//! let outcomes = scheduler
//!     .schedule_all(vec![
//!         new("confirmation").now().text("Your court is booked."),
//!         new("reminder_24h").days_before(1).at("09:00").text("See you tomorrow at 15:00."),
//!     ])
//!     .await?;
//! assert_eq!(outcomes[1].due_at.to_string(), "2030-07-09 07:00:00 UTC");
//!
//! // A server calls `scheduler.start()` once; a test or a cron job sends what is due and ends.
//! assert_eq!(scheduler.run_until_idle().await?.sent, 1);
//! assert_eq!(mailbox.sent()[0].notification.message.text, "Your court is booked.");
//!
//! // The booking is cancelled: its confirmation is out, its reminder will never be.
//! scheduler.cancel_subject(&booking).await?;
//! assert_eq!(scheduler.run_until_idle().await?.claimed, 0);
//! # Ok(())
//! # }
//! ```
//!
//! # The rooms, in reading order
//!
//! [`task`] is what is stored, [`time`] when, [`policy`] how often and how late, [`store`] where,
//! [`notify`] how it is told, [`render`] in which words, [`scheduler`] the engine, [`inspect`] what
//! it can tell about all of it, [`testing`] how to test it. The [`guide`] is the prose: begin with
//! its [tutorial](guide::tutorial).
//!
//! # The public interface is:
//!
//! - asking: [`Scheduler`], [`Reminder`] with its [`CalendarEntry`](task::CalendarEntry),
//!   [`EventTime`], the trait [`Reminders`] with its answers
//!   [`ScheduleOutcome`](scheduler::ScheduleOutcome) and
//!   [`CancelOutcome`](scheduler::CancelOutcome), and [`Within`](scheduler::Within) for the host's
//!   own transaction;
//! - running: [`SchedulerHandle`], [`ProcessReport`](scheduler::ProcessReport), and the numbers in
//!   [`Config`](scheduler::Config);
//! - hooks of the host: [`Guard`](scheduler::Guard), [`Resolver`](scheduler::Resolver),
//!   [`OnOutcome`](scheduler::OnOutcome), [`Renderer`](render::Renderer);
//! - ports: [`Notifier`](notify::Notifier), [`TaskStore`](store::TaskStore),
//!   [`Clock`](time::Clock);
//! - adapters: [`MemoryStore`](store::MemoryStore), [`SqliteStore`](store::SqliteStore),
//!   [`PostgresStore`](store::PostgresStore), [`MemoryNotifier`](notify::MemoryNotifier),
//!   [`ConsoleNotifier`](notify::ConsoleNotifier), [`SmtpNotifier`](notify::SmtpNotifier),
//!   [`Templates`](render::Templates);
//! - leaving alone: [`Suppression`](scheduler::Suppression), with
//!   [`Scheduler::suppress`](Scheduler::suppress);
//! - looking: [`Explanation`](inspect::Explanation), [`Stats`](inspect::Stats) and
//!   [`Diagnosis`](inspect::Diagnosis);
//! - the test kit in [`testing`].
//!
//! # Features
//!
//! None is on by default. `postgres` adds [`PostgresStore`](store::PostgresStore), `sqlite`
//! [`SqliteStore`](store::SqliteStore), `smtp` [`SmtpNotifier`](notify::SmtpNotifier), `templates`
//! [`Templates`](render::Templates), `testing` the room [`testing`].
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod guide;
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
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use sqlx;
pub use time::EventTime;
