//! The client side of TLS for relays and webhooks: TLS 1.2 and 1.3, the authorities of the system and those of `ca_file`, and no
//! way to accept anything else.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs as provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// A client that trusts the system and `ca_file`.
///
/// # Errors
/// One line: the file cannot be read or holds no certificate.
pub(super) fn client(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    // What is odd in the store of the system is left out: a relay certified by the rest is reached all the same.
    let (_, left_out) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if left_out > 0 {
        tracing::debug!(left_out, "certificates of the system store that cannot be used");
    }
    if let Some(path) = ca_file {
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let mut count = 0;
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))? {
            let certificate = certificate.map_err(|error| failed(&error))?;
            roots.add(certificate).map_err(|error| failed(&error))?;
            count += 1;
        }
        if count == 0 {
            return Err(failed(&"holds no certificate in PEM"));
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
