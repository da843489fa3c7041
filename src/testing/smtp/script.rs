//! What a scripted server offers, and how it departs from a polite one.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::step::SmtpStep;
use crate::notify::SmtpPhase;

/// How a [`ScriptedSmtp`](super::ScriptedSmtp) behaves: politely, but for the steps added here.
#[derive(Clone, Default)]
pub struct SmtpScript {
    steps: BTreeMap<SmtpPhase, VecDeque<SmtpStep>>,
    always: BTreeMap<SmtpPhase, SmtpStep>,
    by_recipient: BTreeMap<String, SmtpStep>,
    pub(super) offers: Vec<String>,
    pub(super) acceptor: Option<Arc<ServerConfig>>,
    pub(super) implicit_tls: bool,
    pub(super) connections_max: Option<usize>,
}

impl SmtpScript {
    /// A polite server without TLS. It offers AUTH by PLAIN and LOGIN and takes any password.
    pub fn new() -> SmtpScript {
        SmtpScript { offers: vec!["AUTH PLAIN LOGIN".to_owned()], ..SmtpScript::default() }
    }

    /// What the answer to EHLO offers, a line each, besides STARTTLS, which goes with TLS.
    #[must_use]
    pub fn offers<'a>(mut self, offers: impl IntoIterator<Item = &'a str>) -> SmtpScript {
        self.offers = offers.into_iter().map(str::to_owned).collect();
        self
    }

    /// Can speak TLS after STARTTLS, by this chain and this key in PEM form.
    ///
    /// # Panics
    ///
    /// They are no chain and key.
    #[must_use]
    pub fn tls(mut self, chain_pem: &str, key_pem: &str) -> SmtpScript {
        let chain = CertificateDer::pem_slice_iter(chain_pem.as_bytes()).collect::<Result<_, _>>();
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes());
        let (Ok(chain), Ok(key)) = (chain, key) else {
            panic!("a server needs a chain of certificates and a key in PEM form");
        };
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
        match config {
            Ok(config) => self.acceptor = Some(Arc::new(config)),
            Err(error) => panic!("this chain and this key do not make a server: {error}"),
        }
        self
    }

    /// Speaks TLS from the first byte on.
    #[must_use]
    pub fn implicit_tls(mut self) -> SmtpScript {
        self.implicit_tls = true;
        self
    }

    /// Greets with 421 whoever comes while so many others are there.
    #[must_use]
    pub fn connections_max(mut self, connections: usize) -> SmtpScript {
        self.connections_max = Some(connections);
        self
    }

    /// Adds what happens the next time that `phase` comes and has no step yet, on whatever
    /// connection that is.
    #[must_use]
    pub fn then(mut self, phase: SmtpPhase, step: SmtpStep) -> SmtpScript {
        self.push(phase, step);
        self
    }

    /// What happens whenever `phase` comes and has no step of its own.
    #[must_use]
    pub fn always(mut self, phase: SmtpPhase, step: SmtpStep) -> SmtpScript {
        self.always.insert(phase, step);
        self
    }

    /// What happens whenever RCPT names this address, in A-labels.
    #[must_use]
    pub fn for_recipient(mut self, address: &str, step: SmtpStep) -> SmtpScript {
        self.by_recipient.insert(format!("<{address}>"), step);
        self
    }

    pub(super) fn push(&mut self, phase: SmtpPhase, step: SmtpStep) {
        self.steps.entry(phase).or_default().push_back(step);
    }

    pub(super) fn step(&mut self, phase: SmtpPhase) -> Option<SmtpStep> {
        let next = self.steps.get_mut(&phase).and_then(VecDeque::pop_front);
        next.or_else(|| self.always.get(&phase).cloned())
    }

    pub(super) fn has_step(&self, phase: SmtpPhase) -> bool {
        let queued = self.steps.get(&phase).is_some_and(|steps| !steps.is_empty());
        queued || self.always.contains_key(&phase)
    }

    pub(super) fn step_for_recipient(&self, line: &str) -> Option<SmtpStep> {
        let named = self.by_recipient.iter().find(|(address, _)| line.contains(address.as_str()));
        named.map(|(_, step)| step.clone())
    }
}

impl fmt::Debug for SmtpScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpScript")
            .field("steps", &self.steps)
            .field("offers", &self.offers)
            .finish_non_exhaustive()
    }
}
