//! `SmtpNotifier` against servers that others wrote: what was sent arrives, what is refused is told.
//!
//! The message is read back from a Maildir by a parser that others wrote too.

mod aiosmtpd;
mod exim;
mod mails;

use std::sync::Arc;
use std::time::Duration;

use puntual::notify::NotifyErrorKind::{ChannelDown, Permanent, Transient};
use puntual::notify::{Health, Notifier, Scope, SmtpNotifier, SmtpTls};
use puntual::task::Message;

use self::mails::{Letter, check_arrived};
use super::PASSWORD;
use super::authority::Authority;
use crate::servers;

const NAME: &str = "127.0.0.1";

/// A server with two doors, and a Maildir behind them.
trait Server {
    /// Where TLS begins by STARTTLS, and where it begins at once.
    fn doors(&self) -> [(SmtpTls, u16); 2];

    /// All that was delivered so far.
    fn delivered(&self) -> Vec<Vec<u8>>;
}

impl Server for servers::exim::Exim {
    fn doors(&self) -> [(SmtpTls, u16); 2] {
        [(SmtpTls::StartTls, self.start_tls), (SmtpTls::Implicit, self.implicit)]
    }

    fn delivered(&self) -> Vec<Vec<u8>> {
        self.delivered()
    }
}

impl Server for servers::aiosmtpd::Aiosmtpd {
    fn doors(&self) -> [(SmtpTls, u16); 2] {
        [(SmtpTls::StartTls, self.start_tls), (SmtpTls::Implicit, self.implicit)]
    }

    fn delivered(&self) -> Vec<Vec<u8>> {
        self.delivered()
    }
}

/// A running server, and who vouches for it.
struct Stage<S> {
    server: S,
    authority: Authority,
}

impl<S: Server> Stage<S> {
    fn new(start: impl FnOnce((&str, &str), &str) -> S) -> Stage<S> {
        let authority = Authority::new();
        let (chain, key) = authority.issue(NAME);
        Stage { server: start((&chain, &key), PASSWORD), authority }
    }

    fn notifier(&self, (tls, port): (SmtpTls, u16), connections: usize) -> Arc<SmtpNotifier> {
        self.notifier_with((tls, port), connections, PASSWORD, &self.authority)
    }

    fn notifier_with(
        &self,
        (tls, port): (SmtpTls, u16),
        connections: usize,
        password: &str,
        authority: &Authority,
    ) -> Arc<SmtpNotifier> {
        let builder = SmtpNotifier::builder(NAME, "Court Club <desk@court.example>")
            .port(port)
            .tls(tls)
            .credentials("desk", password)
            .extra_root(authority.pem())
            .connections(connections);
        Arc::new(builder.build().unwrap())
    }
}

/// `check()` goes all the way, by either door.
async fn check_health<S: Server>(stage: &Stage<S>, logins: [&str; 2]) {
    for (door, login) in stage.server.doors().into_iter().zip(logins) {
        let health = stage.notifier(door, 1).check().await.unwrap();
        let Health::Working(words) = health else { panic!("{health:?}") };
        let said = format!("TLSv1.3 with a valid certificate, logged in by {login}, NOOP answered");
        assert!(words.as_str().contains(&said), "{words}");
    }
}

/// A wrong password, or a certificate that nobody vouches for, and nothing is sent.
async fn check_refused<S: Server>(stage: &Stage<S>) {
    let (stranger, letter) = (Authority::new(), Letter::new("jane@example.com", "Hello."));
    for door in stage.server.doors() {
        for (password, authority, code) in
            [("wrong", &stage.authority, "535"), (PASSWORD, &stranger, "tls")]
        {
            let notifier = stage.notifier_with(door, 1, password, authority);
            let error = letter.send(&notifier).await.expect_err(code);
            assert_eq!((error.kind(), error.scope()), (ChannelDown, Scope::Channel), "{error}");
            assert!(error.code().as_str().starts_with(code), "{error}");
            assert!(!format!("{error:?}").contains(PASSWORD));
            assert_eq!(notifier.check().await.unwrap_err().code().as_str(), error.code().as_str());
        }
    }
    assert_eq!(stage.server.delivered().len(), 0);
}

/// What is refused is told and harms no other message on the same connection.
async fn check_replies<S: Server>(stage: &Stage<S>, too_large: usize) {
    let door = stage.server.doors()[0];
    let notifier = stage.notifier(door, 1);
    let large = Message::text("x y\n".repeat(too_large / 4));
    for (letter, code, kind, scope, wait) in [
        (Letter::new("nobody@x.example", "Hi."), "550 5.1.1", Permanent, Scope::Recipient, None),
        (Letter::new("busy@x.example", "Hi."), "451 4.7.1", Transient, Scope::Recipient, Some(600)),
        (Letter::new("jane@x.example", large), "552", Permanent, Scope::Message, None),
    ] {
        let before = Letter::new("before@x.example", "Before.");
        before.send(&notifier).await.unwrap();
        let error = letter.send(&notifier).await.expect_err(code);
        assert_eq!((error.kind(), error.scope()), (kind, scope), "{error}");
        assert_eq!(error.wait(), wait.map(Duration::from_secs), "{error}");
        assert_eq!(error.code().as_str(), code, "{error}");
        Letter::new("after@x.example", "After.").send(&notifier).await.unwrap();
    }
    let delivered = stage.server.delivered();
    assert_eq!(delivered.len(), 6, "three before and three after");
}

/// Every letter arrives once, at its recipient alone, with the words that were given.
async fn check_contents<S: Server>(stage: &Stage<S>) {
    let letters = mails::letters();
    for door in stage.server.doors() {
        let notifier = stage.notifier(door, 1);
        for letter in &letters {
            let receipt = letter.send(&notifier).await.unwrap();
            assert!(receipt.evidence().reply.as_str().starts_with("250"), "{receipt:?}");
            assert!(receipt.evidence().provider_id.is_some(), "{receipt:?}");
        }
    }
    check_arrived(&stage.server.delivered(), &letters, 2);
}
