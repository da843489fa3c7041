//! A mail server that does what a test tells it to, and keeps a journal of it.

mod conversation;
mod journal;
mod script;
mod step;

pub use journal::{SmtpConversation, SmtpMail};
pub use script::SmtpScript;
pub use step::SmtpStep;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::conversation::Conversation;
use self::journal::Journal;
use crate::notify::SmtpPhase;

/// A mail server on this machine that follows a [`SmtpScript`]; stopped when its last clone is
/// dropped. Nothing that it takes goes anywhere.
///
/// # Examples
///
/// ```
/// use puntual::notify::{Notifier, NotifyErrorKind, SmtpNotifier, SmtpPhase, SmtpTls};
/// use puntual::task::EmailAddress;
/// use puntual::testing::{self, ScriptedSmtp, SmtpScript, SmtpStep};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let script = SmtpScript::new()
///     .then(SmtpPhase::End, SmtpStep::close())
///     .then(SmtpPhase::End, SmtpStep::reply("250 2.0.0 Ok: queued as 4F2A"));
/// let server = ScriptedSmtp::start(script).await?;
/// let notifier = SmtpNotifier::builder("127.0.0.1", "desk@court.example")
///     .port(server.port())
///     .tls(SmtpTls::None)
///     .build()?;
///
/// let jane: EmailAddress = "jane@example.com".parse()?;
/// let message = testing::notification(jane, "Your court is booked for 6 pm.");
/// let attempt = testing::attempt().build();
/// let error = notifier.notify(&attempt, &message).await.unwrap_err();
/// assert_eq!(error.kind(), NotifyErrorKind::Uncertain, "nobody knows whether it was taken");
///
/// let receipt = notifier.notify(&attempt, &message).await?;
/// assert_eq!(receipt.evidence().provider_id.as_ref().map(|id| id.as_str()), Some("4F2A"));
/// assert_eq!(server.mails()[1].recipients, ["RCPT TO:<jane@example.com>"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ScriptedSmtp {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Ends the server with its last clone.
    _alive: Arc<DropGuard>,
}

/// What the server's tasks share.
#[derive(Debug)]
struct Shared {
    script: Mutex<SmtpScript>,
    journal: Mutex<Journal>,
    reached: watch::Sender<BTreeMap<SmtpPhase, usize>>,
    connected: AtomicUsize,
}

impl ScriptedSmtp {
    /// Starts a server on a free port of the loopback address.
    ///
    /// # Errors
    ///
    /// There is no free port.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn start(script: SmtpScript) -> io::Result<ScriptedSmtp> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            journal: Mutex::default(),
            reached: watch::Sender::new(BTreeMap::new()),
            connected: AtomicUsize::new(0),
        });
        let stop = CancellationToken::new();
        // The task ends with the guard, and each conversation with it.
        tokio::spawn(serve(listener, shared.clone(), stop.clone()));
        Ok(ScriptedSmtp { address, shared, _alive: Arc::new(stop.drop_guard()) })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Adds a step while it is running; see [`SmtpScript::then`].
    pub fn push(&self, phase: SmtpPhase, step: SmtpStep) {
        self.shared.script(|script| script.push(phase, step));
    }

    /// Follows another script from now on.
    pub fn follow(&self, script: SmtpScript) {
        self.shared.script(|current| *current = script);
    }

    /// All connections so far, in the order in which they were taken.
    pub fn conversations(&self) -> Vec<SmtpConversation> {
        self.shared.journal(|journal| journal.conversations.clone())
    }

    /// All messages so far whose final dot came, in order.
    pub fn mails(&self) -> Vec<SmtpMail> {
        self.shared.journal(|journal| journal.mails.clone())
    }

    /// How many connections are open now.
    pub fn connected(&self) -> usize {
        self.shared.connected.load(Ordering::SeqCst)
    }

    /// Waits until `phase` has come `count` times: the client's bytes are here, and the answer is
    /// not yet given.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn reached(&self, phase: SmtpPhase, count: usize) {
        let mut reached = self.shared.reached.subscribe();
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = reached.wait_for(|counts| counts.get(&phase).is_some_and(|n| *n >= count)).await;
    }
}

impl Shared {
    fn script<T>(&self, look: impl FnOnce(&mut SmtpScript) -> T) -> T {
        look(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn journal<T>(&self, write: impl FnOnce(&mut Journal) -> T) -> T {
        write(&mut self.journal.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn step(&self, phase: SmtpPhase) -> Option<SmtpStep> {
        self.script(|script| script.step(phase))
    }

    fn has_step(&self, phase: SmtpPhase) -> bool {
        self.script(|script| script.has_step(phase))
    }

    fn reached(&self, phase: SmtpPhase) {
        self.reached.send_modify(|counts| *counts.entry(phase).or_default() += 1);
    }

    /// Whether there are more connections than the script allows.
    fn over_the_limit(&self) -> bool {
        let connected = self.connected.load(Ordering::SeqCst);
        self.script(|script| script.connections_max).is_some_and(|max| connected > max)
    }
}

/// Takes connections until it is stopped; then all of them end.
async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            continue;
        };
        // An answer must not wait for another packet.
        let _ = stream.set_nodelay(true);
        shared.connected.fetch_add(1, Ordering::SeqCst);
        let conversation = Conversation::new(shared.clone(), stream);
        let (shared, stop) = (shared.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = conversation.run() => {}
            }
            shared.connected.fetch_sub(1, Ordering::SeqCst);
        });
    }
}
