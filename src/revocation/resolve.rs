//! From a name to the network addresses that may be connected to. A name is looked up once for a connection, and the connection goes to what was
//! found and allowed then: a name that says something else a moment later changes nothing.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::error::FetchError;
use super::gate::{Address, Gate};

/// A look-up that is under way.
pub type Answer = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Time for a look-up, and for a connection.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// Addresses of one host that are tried.
const MOST: usize = 4;

/// Where names are looked up.
pub trait Resolve: fmt::Debug + Send + Sync {
    /// The addresses of a host.
    fn look_up(&self, host: &str) -> Answer;
}

/// A shared resolver.
pub type SharedResolver = Arc<dyn Resolve>;

/// The resolver of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn look_up(&self, host: &str) -> Answer {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) })
    }
}

/// Looks the host of an address up and gives what may be connected to.
pub(super) async fn resolved(
    address: &Address,
    gate: &Gate,
    resolver: &dyn Resolve,
) -> Result<Vec<SocketAddr>, FetchError> {
    let host = &address.host;
    let failed = |why: String| FetchError::Dns { host: host.clone(), why };
    let found = match host.parse::<IpAddr>() {
        Ok(literal) => vec![literal],
        Err(_) => tokio::time::timeout(CONNECT, resolver.look_up(host))
            .await
            .map_err(|_| failed(format!("no answer in {} s", CONNECT.as_secs())))?
            .map_err(|error| failed(error.to_string()))?,
    };
    if found.is_empty() {
        return Err(failed("no address".to_owned()));
    }
    // One that may not be reached spoils them all: such a name is not what somebody meant to list.
    for found in &found {
        gate.reaches(host, *found)?;
    }
    Ok(found.into_iter().take(MOST).map(|found| SocketAddr::new(found, address.port)).collect())
}
