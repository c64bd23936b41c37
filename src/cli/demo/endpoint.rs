//! The TLS servers of the demonstration: they finish a handshake, show their chain and hang up.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs as provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, version};

use super::estate::ServedFiles;

/// Time for one handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves the chain of `files` on `listener` until the runtime ends.
pub(super) fn serve(listener: TcpListener, files: &ServedFiles) -> anyhow::Result<()> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&read(&files.certificate)?).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?)?;
    let config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(shake_hands(acceptor.clone(), stream))),
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    });
    Ok(())
}

async fn shake_hands(acceptor: TlsAcceptor, stream: TcpStream) {
    match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::debug!(error = %error, "a handshake failed"),
        Err(_) => tracing::debug!("a handshake took too long"),
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
