//! A relay with everything that a session needs to talk to it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
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
        alarm: &mut Alarm,
        phase: SmtpPhase,
        step: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Trouble> {
        let begun = self.clock.monotonic();
        let end = begun.saturating_add(phase.time_limit());
        let mut step = std::pin::pin!(step);
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut step => break outcome,
                () = alarm.ring(&self.clock, end) => {}
            }
            if self.clock.monotonic() >= end {
                break Err(Fault::Silent);
            }
        };
        if let Some(journal) = &self.journal {
            journal.note(phase, self.clock.monotonic().saturating_sub(begun));
        }
        outcome.map_err(|what| Trouble::new(phase, what))
    }
}

/// A sleep that the steps of a session share. Most steps are over long before their limit: a
/// sleep for each of them, set and unset, costs more than the step's own system calls do.
#[derive(Default)]
pub(super) struct Alarm {
    /// When it rings, and the sleep until then.
    set: Option<(Duration, BoxFuture<'static, ()>)>,
}

impl Alarm {
    /// Rings at `end` or earlier: whoever hears it looks at the clock, and may wait on.
    async fn ring(&mut self, clock: &Arc<dyn Clock>, end: Duration) {
        if self.set.as_ref().is_none_or(|(at, _)| *at > end) {
            let (clock, now) = (clock.clone(), clock.monotonic());
            let left = end.saturating_sub(now);
            self.set = Some((end, async move { clock.sleep(left).await }.boxed()));
        }
        if let Some((_, sleep)) = &mut self.set {
            sleep.await;
        }
        self.set = None;
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
