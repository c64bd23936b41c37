//! Small TLS servers on ports the system chooses.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs as provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::made_certificate::Made;

/// What a server asks of its clients.
pub enum Clients {
    Anybody,
    /// A certificate under this authority.
    CertifiedBy(CertificateDer<'static>),
}

/// A server configuration that shows `made` and then `chain`.
pub fn config(
    made: &Made,
    chain: &[CertificateDer<'static>],
    versions: &[&'static SupportedProtocolVersion],
    clients: Clients,
) -> Arc<ServerConfig> {
    let shown = std::iter::once(made.certificate.der().clone()).chain(chain.iter().cloned()).collect();
    let key = PrivateKeyDer::try_from(made.key.serialize_der()).unwrap();
    let provider = Arc::new(provider::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions).unwrap();
    let builder = match clients {
        Clients::Anybody => builder.with_no_client_auth(),
        Clients::CertifiedBy(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    Arc::new(builder.with_single_cert(shown, key).unwrap())
}

/// A server that has no certificate for anybody and says so in an alert.
pub fn refusing() -> Arc<ServerConfig> {
    #[derive(Debug)]
    struct Nothing;
    impl ResolvesServerCert for Nothing {
        fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            None
        }
    }
    let builder = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()));
    let builder = builder.with_protocol_versions(rustls::ALL_VERSIONS).unwrap().with_no_client_auth();
    Arc::new(builder.with_cert_resolver(Arc::new(Nothing)))
}

/// Serves every connection with `serve` until the runtime of the test ends.
pub async fn serve<F, S>(serve: S) -> SocketAddr
where
    S: Fn(TcpStream) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// The TLS part of a server: agrees, then waits for the client to leave. What the client makes of it is what is tried.
pub async fn agree(config: Arc<ServerConfig>, stream: TcpStream) {
    use tokio::io::AsyncReadExt;
    if let Ok(mut tls) = TlsAcceptor::from(config).accept(stream).await {
        let heard = tls.read(&mut [0; 16]).await.unwrap_or(0);
        assert_eq!(heard, 0, "nothing is sent after the handshake");
    }
}
