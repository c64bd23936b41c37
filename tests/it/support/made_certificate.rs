//! Certificates made on the spot.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use vigie::domain::fingerprint::Fingerprint;
use vigie::pki::digest::sha256;

/// A certificate with its key.
pub struct Made {
    pub key: KeyPair,
    pub certificate: rcgen::Certificate,
}

impl Made {
    /// Self-signed, P-256, valid from 2026 to 2029.
    pub fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters(name, 2026, 2029).self_signed(&key).expect("a certificate");
        Self { key, certificate }
    }

    /// Under `issuer`, valid from 1 January of one year to 1 January of the other.
    pub fn issued(name: &str, years: (i32, i32), issuer: &CertifiedIssuer<'_, KeyPair>) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters(name, years.0, years.1).signed_by(&key, issuer).expect("a certificate");
        Self { key, certificate }
    }

    pub fn fingerprint(&self) -> Fingerprint {
        sha256(self.certificate.der())
    }
}

/// A certification authority.
pub fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = parameters(name, 2020, 2040);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().expect("a key")).expect("an authority")
}

/// An authority to trust, which signed nothing, written into `folder`; the lines that name it in a configuration.
pub fn trusted(folder: &Path) -> String {
    let anchor = folder.join("trusted.pem");
    if !anchor.exists() {
        std::fs::write(&anchor, authority("TEST AC").pem()).expect("written");
    }
    format!("[trust]\nanchors = [{anchor:?}]\n")
}

fn parameters(name: &str, from: i32, until: i32) -> CertificateParams {
    let mut parameters = CertificateParams::new(vec![name.to_owned()]).expect("a host name");
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = date_time_ymd(from, 1, 1);
    parameters.not_after = date_time_ymd(until, 1, 1);
    parameters
}
