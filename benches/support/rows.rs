//! Rows of about 620 bytes, as a booking site would make them.

use std::time::Duration;

use puntual::chrono::{DateTime, Utc};
use puntual::policy::PastDue;
use puntual::store::{MemoryStore, TaskFilter, TaskQuery, TaskStore};
use puntual::task::{EmailAddress, NewTask, Subject};
use puntual::testing::new_task;
use puntual::time::{Clock, SystemClock, Zone};
use puntual::{EventTime, Reminder, Reminders, Scheduler};

use super::Result;
use super::engine::idle;

/// Makes the reminder of a number.
pub(crate) type Make = fn(DateTime<Utc>, u64) -> Result<Reminder>;

/// Rows in one call: the most that one takes.
pub(crate) const BULK: u64 = 1_000;

const DAYS_30: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const WORDS: &str = "Your court is booked.";

/// The reminder of one booking, thirty days ahead, that is due at once: with this the body has
/// about 400 bytes.
pub(crate) fn due_now(now: DateTime<Utc>, number: u64) -> Result<Reminder> {
    let reminder = about_booking(now, number)?.before(2 * DAYS_30);
    Ok(reminder.past_due(PastDue::SendNow { min_lead: Duration::ZERO }))
}

/// The same, due on the day before its booking.
pub(crate) fn ahead(now: DateTime<Utc>, number: u64) -> Result<Reminder> {
    let reminder = about_booking(now, number)?.before(DAYS_30 / 30);
    Ok(reminder.past_due(PastDue::SendNow { min_lead: Duration::ZERO }))
}

fn about_booking(now: DateTime<Utc>, number: u64) -> Result<Reminder> {
    let event = EventTime::civil((now + DAYS_30).naive_utc(), Zone::new("Europe/Madrid")?)?;
    let to: EmailAddress = format!("person{number}@example.com").parse()?;
    let reminder = Reminder::new("reminder_24h", &Subject::new("booking", number), to);
    Ok(reminder.event(event).text(WORDS))
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
    fill_with(scheduler, now, first, count, due_now).await
}

/// Stores reminders that `made` makes of a time and a number.
pub(crate) async fn fill_with(
    scheduler: &Scheduler,
    now: DateTime<Utc>,
    first: u64,
    count: u64,
    made: Make,
) -> Result<()> {
    for start in (first..first + count).step_by(BULK as usize) {
        let numbers = start..(start + BULK).min(first + count);
        let all = numbers.map(|number| made(now, number)).collect::<Result<Vec<_>>>()?;
        scheduler.schedule_all(all).await?;
    }
    Ok(())
}

/// Rows as the scheduler would make them, with the body that it made for one of them.
pub(crate) async fn by_hand(count: u64) -> Result<Vec<NewTask>> {
    let (store, now) = (MemoryStore::new(), SystemClock::new().now());
    idle(store.clone())?.schedule(due_now(now, 0)?).await?;
    let all = store.list(&TaskQuery::new(TaskFilter::default(), 1)).await?;
    let model = all.into_iter().next().ok_or("nothing was scheduled")?;
    let made = |number| {
        new_task(now, "reminder_24h")
            .about(Subject::new("booking", number))
            .person(&format!("person{number}@example.com"))
            .recipient(model.recipient.as_str())
            .event(model.event_at.unwrap_or(now))
            .expires(model.expires_at)
            .body(model.body.as_str())
            .build()
    };
    Ok((0..count).map(made).collect())
}
