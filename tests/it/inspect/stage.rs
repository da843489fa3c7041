//! The stage of these tests: a booking in Berlin, a store, a clock, scripted providers.

use std::collections::BTreeMap;
use std::time::Duration;

use puntual::policy::RetryPolicy;
use puntual::scheduler::SchedulerBuilder;
use puntual::store::MemoryStore;
use puntual::task::{Channel, EmailAddress, Entropy, PhoneNumber, Subject, TaskId};
use puntual::testing::{ScriptedNotifier, VirtualClock};
use puntual::{EventTime, Reminder, Reminders, Scheduler};

pub(super) const HOURS_24: Duration = Duration::from_secs(24 * 60 * 60);
/// A week before the booking; its reminder is due at 13:00 UTC on 9 July.
pub(super) const BOOKED: &str = "2026-07-03T13:00:00Z";

/// An engine that is not started, and what it works with.
pub(super) struct Stage {
    pub(super) clock: VirtualClock,
    pub(super) store: MemoryStore,
    pub(super) email: ScriptedNotifier,
    pub(super) sms: ScriptedNotifier,
    pub(super) scheduler: Scheduler,
}

impl Stage {
    pub(super) fn new() -> Stage {
        Stage::with(ScriptedNotifier::new(Channel::EMAIL), |builder| builder)
    }

    pub(super) fn with(
        email: ScriptedNotifier,
        more: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder,
    ) -> Stage {
        let (clock, store) = (VirtualClock::at(BOOKED), MemoryStore::new());
        let sms = ScriptedNotifier::new(Channel::SMS);
        // Without jitter, so that what is expected can be read off the policy.
        let retry = RetryPolicy::email().with_jitter_percent(0).unwrap();
        let builder = Scheduler::builder(store.clone())
            .notifier(email.clone())
            .notifier(sms.clone())
            .retry(Channel::EMAIL, retry)
            .clock(clock.clone())
            .entropy(Entropy::seeded(7));
        let scheduler = more(builder).build().unwrap();
        Stage { clock, store, email, sms, scheduler }
    }

    /// Schedules the reminder of booking 123.
    pub(super) async fn book(&self) -> TaskId {
        self.scheduler.schedule(reminder()).await.unwrap().id
    }

    /// Lets the engine work through what is due at an instant.
    pub(super) async fn work_at(&self, instant: &str) {
        self.clock.advance_to(instant);
        self.scheduler.run_until_idle().await.unwrap();
    }

    pub(super) async fn text(&self, id: TaskId) -> String {
        self.scheduler.explain(id).await.unwrap().unwrap().to_string()
    }
}

pub(super) fn booking() -> Subject {
    Subject::new("booking", 123)
}

pub(super) fn event() -> EventTime {
    EventTime::civil("2026-07-10T15:00", "Europe/Berlin").unwrap()
}

pub(super) fn jane() -> EmailAddress {
    "jane.doe@example.com".parse().unwrap()
}

pub(super) fn phone() -> PhoneNumber {
    "+491701234567".parse().unwrap()
}

pub(super) fn reminder() -> Reminder {
    Reminder::new("reminder_24h", &booking(), jane())
        .event(event())
        .before(HOURS_24)
        .text("Your court is booked, the door code is 4711.")
}

/// The text with every id replaced by a name of its own, by order of appearance: ids say nothing
/// to a reader of these files.
pub(super) fn with_names(text: &str) -> String {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut shown = String::new();
    for word in text.split_inclusive(|c: char| !c.is_ascii_hexdigit() && c != '-') {
        let id = word.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        match id.parse::<TaskId>() {
            Ok(_) => {
                let next = format!("<id {}>", names.len() + 1);
                shown.push_str(names.entry(id.to_owned()).or_insert(next));
                shown.push_str(&word[id.len()..]);
            }
            Err(_) => shown.push_str(word),
        }
    }
    shown
}
