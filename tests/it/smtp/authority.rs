//! A certificate authority of the tests, made anew for each of them.

use puntual::testing::SmtpScript;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

/// An authority that nobody else trusts.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority { issuer: CertifiedIssuer::self_signed(params, key).unwrap() }
    }

    /// Its own certificate, to be trusted.
    pub(super) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for `name` and its key, in PEM form.
    pub(super) fn issue(&self, name: &str) -> (String, String) {
        self.issue_until(name, 4_000)
    }

    /// The script with a certificate for `name`.
    pub(super) fn certify(&self, script: SmtpScript, name: &str) -> SmtpScript {
        self.certify_until(script, name, 4_000)
    }

    /// The script with a certificate that is valid until a year.
    pub(super) fn certify_until(&self, script: SmtpScript, name: &str, year: i32) -> SmtpScript {
        let (certificate, key) = self.issue_until(name, year);
        script.tls(&certificate, &key)
    }

    fn issue_until(&self, name: &str, year: i32) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}
