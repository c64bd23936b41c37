//! The client side of TLS, the same for relays, webhooks and those who publish revocation lists: TLS 1.2 and 1.3 with the one provider, and no way to
//! accept a certificate nobody vouches for.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs as provider;
use rustls::{ClientConfig, RootCertStore};

/// The authorities the system trusts, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`. Read at each call: they change while a daemon runs.
pub fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // What is odd in the store is left out: a server certified by the rest is reached all the same.
    let (_, left_out) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if left_out > 0 {
        tracing::debug!(left_out, "certificates of the system store that cannot be used");
    }
    roots
}

/// A client that trusts these authorities; none, for connections that have no TLS.
///
/// # Errors
/// One line.
pub fn client(roots: RootCertStore) -> Result<ClientConfig, String> {
    Ok(ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
