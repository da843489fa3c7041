//! `SmtpNotifier` against a server that does what the test says.

mod authority;
mod beside;
mod connections;
mod downgrade;
mod files;
mod health;
mod mails;
mod odd;
mod pipelining;
mod real;
mod secrets;
mod send_test;
mod settings;
mod silence;
mod table;
mod truth;

use std::sync::Arc;

use puntual::notify::{
    Notification, Notifier, NotifyError, NotifyErrorKind, Receipt, SmtpBuilder, SmtpNotifier,
    SmtpPhase, SmtpTls,
};
use puntual::task::EmailAddress;
use puntual::testing::{self, ScriptedSmtp, SmtpScript, TestAttempt, VirtualClock};

const PASSWORD: &str = "canary-Pa55word";

/// A server, a notifier that sends through it, and the clock of both.
pub(crate) struct Bench {
    pub(crate) server: ScriptedSmtp,
    pub(crate) notifier: Arc<SmtpNotifier>,
    clock: VirtualClock,
}

impl Bench {
    /// Without TLS and login.
    pub(crate) async fn plain(script: SmtpScript) -> Bench {
        Bench::with(script, |builder| builder).await
    }

    /// Without TLS, logged in.
    async fn logged_in(script: SmtpScript) -> Bench {
        Bench::with(script, |builder| builder.credentials("desk", PASSWORD)).await
    }

    async fn with(script: SmtpScript, set: impl FnOnce(SmtpBuilder) -> SmtpBuilder) -> Bench {
        let server = ScriptedSmtp::start(script).await.unwrap();
        let clock = VirtualClock::at("2026-07-10T13:00:00Z");
        let builder = SmtpNotifier::builder("127.0.0.1", "Court Club <desk@court.example>")
            .port(server.port())
            .tls(SmtpTls::None)
            .clock(clock.clone());
        let notifier = Arc::new(set(builder).build().unwrap());
        Bench { server, notifier, clock }
    }

    pub(crate) fn attempt(&self) -> TestAttempt {
        testing::attempt().clock(&self.clock).build()
    }

    async fn send(&self, to: &str) -> Result<Receipt, NotifyError> {
        self.notifier.notify(&self.attempt(), &to_address(to)).await
    }

    /// Sends and expects this kind of failure.
    async fn fail(&self, kind: NotifyErrorKind) -> NotifyError {
        let error = self.send("jane@example.com").await.expect_err("it was called sent");
        assert_eq!(error.kind(), kind, "{error}");
        error
    }

    /// Sends in a task of its own.
    fn begin(&self, to: &str) -> tokio::task::JoinHandle<Result<Receipt, NotifyError>> {
        let (notifier, attempt, message) = (self.notifier.clone(), self.attempt(), to_address(to));
        tokio::spawn(async move { notifier.notify(&attempt, &message).await })
    }

    /// Lets the tasks of this thread run on until the open connections are so many.
    async fn until_connected(&self, count: usize) {
        until(|| self.server.connected() == count).await;
    }
}

/// Turns of the runtime, each of which looks at its sockets: far more than any answer needs, that
/// of a database on a busy machine included.
const TURNS_MAX: u32 = 10_000_000;

/// Waits for what sockets bring about.
#[track_caller]
pub(crate) fn until(condition: impl Fn() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        for _ in 0..TURNS_MAX {
            if condition() {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("what {caller} waits for never came");
    }
}

fn to_address(to: &str) -> Notification {
    let to: EmailAddress = to.parse().unwrap();
    testing::notification(to, "Your court is booked for 6 pm.")
}

/// A polite server that is told one command after the other, and one that takes them at once.
fn one_by_one_and_at_once() -> [SmtpScript; 2] {
    let at_once = SmtpScript::new().offers(["AUTH PLAIN LOGIN", "PIPELINING"]);
    [SmtpScript::new(), at_once]
}

/// The phases in which a server answers, in their order, on a connection without TLS.
const ANSWERED: [SmtpPhase; 7] = [
    SmtpPhase::Greeting,
    SmtpPhase::Hello,
    SmtpPhase::Auth,
    SmtpPhase::Mail,
    SmtpPhase::Recipient,
    SmtpPhase::Data,
    SmtpPhase::End,
];

/// What follows when no definite answer comes in this phase.
fn without_answer(phase: SmtpPhase) -> NotifyErrorKind {
    match phase {
        SmtpPhase::End => NotifyErrorKind::Uncertain,
        phase if phase >= SmtpPhase::Mail => NotifyErrorKind::Transient,
        _ => NotifyErrorKind::ChannelDown,
    }
}
