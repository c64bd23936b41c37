//! Whether a target can be reached: its name, its port, its certificate. Nothing is asked of it.

use std::path::Path;

use reqwest::Url;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::super::outcome::{chain, delivered, later};
use super::super::tls;
use crate::domain::notice::SendOutcome;

/// Connects to the target of `url`. Behind a proxy only the proxy is reached: a tunnel through it would be a request.
pub(super) async fn reach(url: &str, proxy: Option<&str>, ca_file: Option<&Path>) -> SendOutcome {
    match try_to_reach(url, proxy, ca_file).await {
        Ok(said) => delivered(&said),
        Err((reason, said)) => later(reason, &said),
    }
}

type Trouble = (&'static str, String);

async fn try_to_reach(url: &str, proxy: Option<&str>, ca_file: Option<&Path>) -> Result<String, Trouble> {
    // An address of the configuration was read there; what is wrong with it is not repeated: it is often the secret.
    let parsed = |text: &str| Url::parse(text).map_err(|error| ("unreachable", error.to_string()));
    let target = parsed(url)?;
    let next = proxy.map(parsed).transpose()?;
    let (host, port) = place(next.as_ref().unwrap_or(&target))?;
    let tcp = TcpStream::connect((host.as_str(), port)).await.map_err(|error| ("unreachable", chain(&error)))?;
    let peer = tcp.peer_addr().map_or_else(|_| host.clone(), |address| address.to_string());
    if next.is_some() || target.scheme() != "https" {
        return Ok(peer);
    }
    let config = tls::client(ca_file).map_err(|error| ("ca_file", error))?;
    let name = ServerName::try_from(host).map_err(|error| ("tls", error.to_string()))?;
    let session = TlsConnector::from(config).connect(name, tcp).await.map_err(|error| ("tls", chain(&error)))?;
    let version = session.get_ref().1.protocol_version().map(|version| format!(" {version:?}")).unwrap_or_default();
    Ok(format!("{peer}{version}"))
}

/// Where to connect. Addresses in brackets are meant without them.
fn place(url: &Url) -> Result<(String, u16), Trouble> {
    let host = url.host_str().map(|host| host.trim_start_matches('[').trim_end_matches(']').to_owned());
    host.zip(url.port_or_known_default()).ok_or_else(|| ("unreachable", "no host in its address".to_owned()))
}
