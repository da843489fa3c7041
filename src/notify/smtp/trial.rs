//! One test message, each step told in words with its time: for whoever sets a relay up.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::SmtpNotifier;
use super::message::compose;
use super::phase::SmtpPhase;
use super::relay::Relay;
use super::remedy::remedy;
use super::session::{Session, Unsent};
use crate::notify::{
    Attempt, Gate, GateClosed, Notification, NotifyError, NotifyErrorKind, Passed, Receipt,
};
use crate::task::{EmailAddress, Entropy, Kind, Message, Recipient, Subject, TaskId};
use crate::time::{Clock, saturating_add};

/// For so long a test message is of use: where the relay understands it, it gives up then.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// What became of a test message; its `Display` is a report, a line for each step.
///
/// ```text
/// connect: 127.0.0.1, port 587 (1 ms)
/// greeting: the server is there (4 ms)
/// ..
/// final dot: 250 2.0.0 Ok: queued as 4F2A (21 ms)
/// accepted by the relay; whether it arrives, the mailbox shows
/// ```
#[derive(Debug)]
pub struct SmtpTrial {
    place: String,
    steps: Vec<SmtpTrialStep>,
    outcome: Result<Receipt, NotifyError>,
    remedy: Option<&'static str>,
}

/// A step of a test message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SmtpTrialStep {
    /// Which step; EHLO comes once more after STARTTLS.
    pub phase: SmtpPhase,
    /// How long it took, the server's answer included.
    pub took: Duration,
    /// Whether the next step could follow.
    pub is_done: bool,
}

impl SmtpNotifier {
    /// Sends one test message over a connection of its own, and reports each step. The message
    /// says that it is a test. What the relay answers is read as for every other message.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, but for the message: dropped after the final dot it may have been sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use puntual::notify::{SmtpNotifier, SmtpPhase, SmtpTls};
    /// use puntual::testing::{ScriptedSmtp, SmtpScript, SmtpStep};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let refuse = SmtpStep::reply("550 5.1.1 no such user");
    /// let server = ScriptedSmtp::start(SmtpScript::new().then(SmtpPhase::Recipient, refuse)).await?;
    /// let notifier = SmtpNotifier::builder("127.0.0.1", "desk@court.example")
    ///     .port(server.port())
    ///     .tls(SmtpTls::None)
    ///     .build()?;
    /// let trial = notifier.send_test(&"jane@example.com".parse()?).await;
    /// assert!(!trial.is_accepted());
    /// assert_eq!(trial.remedy(), Some("check the address: the relay does not know it"));
    /// assert!(notifier.send_test(&"john@example.com".parse()?).await.is_accepted());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send_test(&self, to: &EmailAddress) -> SmtpTrial {
        let journal = Arc::new(Journal::default());
        let relay = Relay { journal: Some(journal.clone()), ..(*self.relay).clone() };
        let result = self.try_out(&relay, to).await;
        let mut steps = journal.take();
        let (outcome, remedy) = match result {
            Ok(receipt) => (Ok(receipt), None),
            Err(Unsent::Gate(error)) => (Err(error), None),
            Err(Unsent::Trouble(trouble)) => {
                fail_at(&mut steps, trouble.phase);
                let phase = trouble.phase;
                let error = relay.classifier.error(trouble);
                let remedy = remedy(phase, &error);
                (Err(error), Some(remedy))
            }
        };
        SmtpTrial { place: format!("{}, port {}", relay.host, relay.port), steps, outcome, remedy }
    }

    async fn try_out(&self, relay: &Relay, to: &EmailAddress) -> Result<Receipt, Unsent> {
        let (attempt, notification) = test_message(relay, to);
        let mail = compose(&self.letterhead, &attempt, &notification).map_err(Unsent::Gate)?;
        let mut session = Session::open(relay).await?;
        let receipt = session.send(relay, &mail, &attempt).await?;
        session.leave();
        Ok(receipt)
    }
}

impl SmtpTrial {
    /// Whether the relay accepted the message. Whether it arrives, only the mailbox can show.
    pub fn is_accepted(&self) -> bool {
        self.outcome.is_ok()
    }

    /// The steps in their order; the last one is the one that failed, if one did.
    pub fn steps(&self) -> &[SmtpTrialStep] {
        &self.steps
    }

    /// What the relay said last, or what went wrong.
    ///
    /// # Errors
    ///
    /// The message was not accepted, or nobody knows whether it was.
    pub fn outcome(&self) -> Result<&Receipt, &NotifyError> {
        self.outcome.as_ref()
    }

    /// What to do about a failure.
    pub fn remedy(&self) -> Option<&'static str> {
        self.remedy
    }
}

impl fmt::Display for SmtpTrial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            let failure = self.outcome.as_ref().err().filter(|_| !step.is_done);
            match (step.phase, failure, &self.outcome) {
                // Its words begin with the phase.
                (_, Some(error), _) => write!(f, "{} [{}]", error.detail(), error.code())?,
                (SmtpPhase::Connect, ..) => write!(f, "connect: {}", self.place)?,
                (SmtpPhase::End, _, Ok(receipt)) => {
                    write!(f, "final dot: {}", receipt.evidence().reply)?;
                }
                (phase, ..) => write!(f, "{phase}: {}", done(phase))?,
            }
            writeln!(f, " ({} ms)", step.took.as_millis())?;
        }
        match &self.outcome {
            Ok(_) => f.write_str("accepted by the relay; whether it arrives, the mailbox shows"),
            Err(error) => {
                let verdict = match error.kind() {
                    NotifyErrorKind::Uncertain => "nobody knows whether it was accepted",
                    NotifyErrorKind::Transient => "not accepted for now",
                    _ => "not accepted",
                };
                write!(f, "{verdict}")?;
                match self.remedy {
                    Some(remedy) => write!(f, "; {remedy}"),
                    None => write!(f, ": {error}"),
                }
            }
        }
    }
}

/// Leaves the step that failed as the last one. Answers behind it belong to commands that were
/// written together with it; what a server does not offer is missed without a step.
fn fail_at(steps: &mut Vec<SmtpTrialStep>, phase: SmtpPhase) {
    match steps.iter().rposition(|step| step.phase == phase) {
        Some(failed) => steps.truncate(failed + 1),
        None => steps.push(SmtpTrialStep::new(phase, Duration::ZERO)),
    }
    if let Some(last) = steps.last_mut() {
        last.is_done = false;
    }
}

/// What it means that a step is done.
fn done(phase: SmtpPhase) -> &'static str {
    match phase {
        SmtpPhase::Connect => "connected",
        SmtpPhase::Tls => "protected, by a valid certificate",
        SmtpPhase::Greeting => "the server is there",
        SmtpPhase::Hello => "the server says what it offers",
        SmtpPhase::StartTls => "the server is ready for TLS",
        SmtpPhase::Auth => "logged in",
        SmtpPhase::Noop | SmtpPhase::Reset => "answered",
        SmtpPhase::Mail => "the sender may send",
        SmtpPhase::Recipient => "the recipient is taken",
        SmtpPhase::Data => "the server waits for the message",
        SmtpPhase::Content => "the message is written",
        SmtpPhase::End => "accepted",
    }
}

impl SmtpTrialStep {
    fn new(phase: SmtpPhase, took: Duration) -> SmtpTrialStep {
        SmtpTrialStep { phase, took, is_done: true }
    }
}

/// The steps of a session, as they come.
#[derive(Debug, Default)]
pub(super) struct Journal(Mutex<Vec<SmtpTrialStep>>);

impl Journal {
    /// Notes a step. Steps of one phase in a row are one: blocks of a message, questions of LOGIN.
    pub(super) fn note(&self, phase: SmtpPhase, took: Duration) {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match steps.last_mut() {
            Some(last) if last.phase == phase => last.took += took,
            _ => steps.push(SmtpTrialStep::new(phase, took)),
        }
    }

    fn take(&self) -> Vec<SmtpTrialStep> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn test_message(relay: &Relay, to: &EmailAddress) -> (Attempt, Notification) {
    let now = relay.clock.now();
    let expires_at = saturating_add(now, LIFE);
    let text = format!(
        "This is a test: mail goes out through {}.\n\nNo reminder is behind it, and nobody waits \
         for an answer.\n",
        relay.host
    );
    let notification = Notification::new(
        Kind::from_stored("test".to_owned()),
        Subject::new("test", 1),
        Recipient::from(to.clone()),
        Message::text(text).with_subject("Test message"),
        now,
        expires_at,
    );
    let attempt = Attempt {
        task: TaskId::new(now, &Entropy::from_os()),
        generation: 1,
        number: 1,
        deadline: expires_at,
        expires_at,
        clock: relay.clock.clone(),
        gate: Arc::new(OpenGate { clock: relay.clock.clone() }),
    };
    (attempt, notification)
}

/// No store is asked about a test message.
struct OpenGate {
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Gate for OpenGate {
    async fn pass(&self) -> Result<Passed, GateClosed> {
        Ok(Passed { first_byte_by: self.clock.monotonic().saturating_add(LIFE) })
    }
}
