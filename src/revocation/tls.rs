//! TLS towards those who publish lists. The signature of a list is what it is believed for; TLS keeps what is asked from being read.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs as provider;
use rustls::{ClientConfig, RootCertStore};

/// A client that trusts the authorities of the system; without `roots` one that trusts nobody, for connections that have no TLS.
///
/// # Errors
/// One line.
pub(super) fn client(roots: bool) -> Result<ClientConfig, String> {
    let mut store = RootCertStore::empty();
    if roots {
        let (_, left_out) = store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if left_out > 0 {
            tracing::debug!(left_out, "certificates of the system store that cannot be used");
        }
    }
    Ok(ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| error.to_string())?
        .with_root_certificates(store)
        .with_no_client_auth())
}
