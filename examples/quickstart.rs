//! A booking: its confirmation now, its reminder a few seconds later, then what is known of both.
//!
//! Everything is kept in the file `quickstart.db`. Run it again, and it shows what the first run
//! left and sends nothing twice. Stop it before the reminder is out, and the next run sends it.

use std::time::Duration;

use puntual::notify::ConsoleNotifier;
use puntual::store::SqliteStore;
use puntual::task::{Channel, EmailAddress, Subject};
use puntual::time::{Clock, SystemClock};
use puntual::{EventTime, Reminder, Reminders, Scheduler};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (store, clock) = (SqliteStore::open("quickstart.db").await?, SystemClock::new());
    let console = ConsoleNotifier::new(Channel::EMAIL);
    let scheduler = Scheduler::builder(store).notifier(console).build()?;

    // The first run books a court for an hour from now; later runs find that booking.
    let booking = Subject::new("booking", 123);
    let jane: EmailAddress = "jane@example.com".parse()?;
    let known = scheduler.explain_subject(&booking).await?;
    let start = known.first().and_then(|known| known.task.event_at).unwrap_or(clock.now() + HOUR);
    let event = EventTime::instant(start)?;

    let new = |kind| Reminder::new(kind, &booking, jane.clone()).event(event.clone());
    let confirmation = new("confirmation").now().text("Court 1 is booked for you.");
    let reminder = new("reminder").before(HOUR - Duration::from_secs(5)).text("See you soon!");
    for outcome in scheduler.schedule_all(vec![confirmation, reminder]).await? {
        println!("{}: {:?}, due {}", outcome.kind, outcome.what, outcome.due_at);
    }

    // Sends what is due and sleeps until more is. A server calls `scheduler.start()` instead.
    while let Some(next) = scheduler.run_until_idle().await?.next_wake_at {
        clock.sleep_until(next).await;
    }
    let explained = scheduler.explain_subject(&booking).await?;
    explained.iter().for_each(|explanation| println!("\n{explanation}"));
    Ok(())
}
