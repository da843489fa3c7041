//! A relay with everything that a session needs to talk to it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use lettre::transport::smtp::authentication::Credentials;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::classify::Classifier;
use super::phase::{Fault, SmtpPhase, Trouble};
use super::tls::SmtpTls;
use super::trial::Journal;
use crate::time::Clock;

/// Checked settings.
#[derive(Clone)]
pub(super) struct Relay {
    /// A name in A-labels, or an address.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: SmtpTls,
    pub(super) tls_config: Arc<ClientConfig>,
    pub(super) tls_name: ServerName<'static>,
    pub(super) credentials: Option<Credentials>,
    /// What EHLO says.
    pub(super) hello: String,
    pub(super) connections: usize,
    pub(super) messages_per_connection: u32,
    pub(super) classifier: Classifier,
    pub(super) clock: Arc<dyn Clock>,
    /// Where the steps of a test message are noted.
    pub(super) journal: Option<Arc<Journal>>,
}

impl Relay {
    /// A step under the time limit of its phase.
    pub(super) async fn within<T>(
        &self,
        phase: SmtpPhase,
        step: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Trouble> {
        let begun = self.journal.as_ref().map(|journal| (journal, self.clock.monotonic()));
        let outcome = tokio::select! {
            biased;
            outcome = step => outcome,
            () = self.clock.sleep(phase.time_limit()) => Err(Fault::Silent),
        };
        if let Some((journal, begun)) = begun {
            journal.note(phase, self.clock.monotonic().saturating_sub(begun));
        }
        outcome.map_err(|what| Trouble::new(phase, what))
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("credentials", &self.credentials.as_ref().map(|_| "***"))
            .finish_non_exhaustive()
    }
}
