//! The scenarios that are about e-mail, with the real notifier against a server that follows a
//! script; one virtual clock moves the engine, the session's limits and the server.

mod asked;
mod backlog;
mod cut;
mod refused;
#[cfg(feature = "templates")]
mod worded;

use std::sync::Arc;
use std::time::Duration;

use puntual::notify::{SmtpBuilder, SmtpNotifier, SmtpTls};
use puntual::scheduler::{Config, ProcessReport, SchedulerBuilder};
use puntual::store::{StoredEntry, TaskStore, TaskStoreExt};
use puntual::task::{Channel, EmailAddress, Task, TaskId, What};
use puntual::testing::{ScriptedNotifier, ScriptedSmtp, SmtpMail, SmtpScript, VirtualClock};
use puntual::{Reminder, Reminders, Scheduler};

use super::{Backend, booking, engine};

/// One engine over one store that sends through one server, with a phone to fall back on.
struct Post {
    server: ScriptedSmtp,
    phone: ScriptedNotifier,
    clock: VirtualClock,
    store: Arc<dyn TaskStore>,
    scheduler: Scheduler,
}

impl Post {
    async fn at(backend: &impl Backend, now: &str, script: SmtpScript) -> Post {
        Post::with(backend, now, script, |smtp| smtp, |builder| builder).await
    }

    /// A post whose notifier and engine are put together further.
    async fn with(
        backend: &impl Backend,
        now: &str,
        script: SmtpScript,
        set: impl FnOnce(SmtpBuilder) -> SmtpBuilder,
        more: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder,
    ) -> Post {
        let server = ScriptedSmtp::start(script).await.unwrap();
        let clock = VirtualClock::at(now);
        let store = backend.store();
        let phone = ScriptedNotifier::new(Channel::SMS);
        let smtp = set(smtp(&server, &clock)).build().unwrap();
        let builder = engine(&store, &clock, 1).notifier(smtp).notifier(phone.clone());
        let builder = builder.config(patient());
        let scheduler = more(builder).build().unwrap();
        Post { server, phone, clock, store, scheduler }
    }

    async fn schedule(&self, reminder: Reminder) -> TaskId {
        self.scheduler.schedule(reminder).await.unwrap().id
    }

    /// Lets time pass, then everything that is due be sent.
    async fn pass(&self, time: Duration) -> ProcessReport {
        self.clock.advance(time);
        self.scheduler.run_until_idle().await.unwrap()
    }

    async fn task(&self, id: TaskId) -> Task {
        self.store.task(id).await.unwrap().unwrap()
    }

    async fn story(&self, id: TaskId) -> Vec<What> {
        self.history(id).await.into_iter().map(|stored| stored.entry.what).collect()
    }

    async fn history(&self, id: TaskId) -> Vec<StoredEntry> {
        self.store.history_of(id).await.unwrap()
    }

    /// The Message-IDs of everything whose final dot came, in order.
    fn message_ids(&self) -> Vec<String> {
        self.server.mails().iter().map(message_id).collect()
    }
}

/// Leases that outlast a wait. A renewal may hold the row at the moment of a hand-off, which then
/// pauses by the clock of the test; there are others about that.
fn patient() -> Config {
    let config = Config::default().with_lease(Duration::from_secs(60 * 60));
    config.with_renewal(Duration::from_secs(30 * 60))
}

/// The way to the server, by the clock of the test.
fn smtp(server: &ScriptedSmtp, clock: &VirtualClock) -> SmtpBuilder {
    SmtpNotifier::builder("127.0.0.1", "Court Club <desk@court.example>")
        .port(server.port())
        .tls(SmtpTls::None)
        .clock(clock.clone())
}

fn message_id(mail: &SmtpMail) -> String {
    let text = mail.text();
    let line = text.split("\r\n").find_map(|line| line.strip_prefix("Message-ID: "));
    line.unwrap().to_owned()
}

/// The Message-ID of a generation of a task.
fn id_of(task: TaskId, generation: u32) -> String {
    format!("<{task}.{generation}@court.example>")
}

/// One address for each number.
fn person(number: u32) -> EmailAddress {
    format!("p{number}@example.com").parse().unwrap()
}

/// A message about booking `number`, to the person of that number; when is for the caller to say.
fn mail_to(number: u32) -> Reminder {
    Reminder::new("reminder", &booking(number), person(number)).text("Your court is booked.")
}
