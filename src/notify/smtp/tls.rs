//! TLS to a relay: certificates are verified, always.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How the connection to the relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SmtpTls {
    /// TLS from the first byte (RFC 8314); port 465.
    Implicit,
    /// TLS after STARTTLS, which the relay must offer: without it nothing is sent; port 587.
    StartTls,
    /// No TLS, for relays on the same machine: with credentials, only for loopback; port 25.
    None,
}

impl SmtpTls {
    /// The port that goes with it (RFC 8314, section 3.3; RFC 6409, section 3.1).
    pub(super) fn usual_port(self) -> u16 {
        match self {
            SmtpTls::Implicit => 465,
            SmtpTls::StartTls => 587,
            SmtpTls::None => 25,
        }
    }
}

/// Trusts Mozilla's roots and those in `extra_roots` (PEM). The provider of cryptography is the
/// process's, where the host installed one, else ring.
///
/// # Errors
///
/// In words, what is wrong with the extra roots.
pub(super) fn client_config(extra_roots: &[Vec<u8>]) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for pem in extra_roots {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| format!("it is no PEM: {error}"))?;
            roots.add(certificate).map_err(|error| format!("it is no root: {error}"))?;
        }
        if roots.len() == before {
            return Err("it holds no certificate in PEM form".to_owned());
        }
    }
    let provider = CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(ring::default_provider()));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("the provider of cryptography has no TLS 1.2 or 1.3: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
