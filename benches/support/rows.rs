//! Rows of about 620 bytes, as a booking site would make them.

use std::time::Duration;

use puntual::chrono::{DateTime, Utc};
use puntual::policy::PastDue;
use puntual::task::{EmailAddress, Subject};
use puntual::time::Zone;
use puntual::{EventTime, Reminder, Reminders, Scheduler};

use super::Result;

/// Rows in one call: the most that one takes.
pub(crate) const BULK: u64 = 1_000;

const WORDS: &str = "Your court is booked.";

/// The reminder of one booking, thirty days ahead, that is due at once: with this the body has
/// about 400 bytes.
pub(crate) fn due_now(now: DateTime<Utc>, number: u64) -> Result<Reminder> {
    let days = Duration::from_secs(30 * 24 * 60 * 60);
    let local = (now + days).naive_utc();
    let event = EventTime::civil(local, Zone::new("Europe/Madrid")?)?;
    let to: EmailAddress = format!("person{number}@example.com").parse()?;
    let reminder = Reminder::new("reminder_24h", &Subject::new("booking", number), to)
        .event(event)
        .before(2 * days)
        .past_due(PastDue::SendNow { min_lead: Duration::ZERO });
    Ok(reminder.text(WORDS))
}

/// A reminder at an instant.
pub(crate) fn due_at(at: DateTime<Utc>, number: u64) -> Result<Reminder> {
    let to: EmailAddress = format!("person{number}@example.com").parse()?;
    Ok(Reminder::new("note", &Subject::new("booking", number), to).at(at).text(WORDS))
}

/// Stores `count` reminders that are due at once, numbered from `first`. An engine has looked at
/// the empty store before, as one has at the store of any host that runs: the first one compares
/// all rows with its zone rules.
pub(crate) async fn fill(
    scheduler: &Scheduler,
    now: DateTime<Utc>,
    first: u64,
    count: u64,
) -> Result<()> {
    scheduler.maintain().await?;
    for start in (first..first + count).step_by(BULK as usize) {
        let numbers = start..(start + BULK).min(first + count);
        let all = numbers.map(|number| due_now(now, number)).collect::<Result<Vec<_>>>()?;
        scheduler.schedule_all(all).await?;
    }
    Ok(())
}
