//! TLS towards relays and webhooks: the authorities of the system and those of `ca_file`.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::tls;

/// A client that trusts the system and `ca_file`.
///
/// # Errors
/// One line: the file cannot be read or holds no certificate.
pub(super) fn client(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = tls::system_roots();
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
    tls::client(roots).map(Arc::new)
}
