//! The chain a server shows, read without trusting it: TLS from the first byte, and STARTTLS for SMTP, IMAP, LDAP and PostgreSQL.
//!
//! Read: TLS 1.2 and 1.3, any certificate (expired, self-signed, wrong name, weak key, SHA-1 signature), servers that want a client
//! certificate (theirs is shown before they refuse ours). Not read: servers with nothing better than TLS 1.1, or TLS 1.2 with only RSA or
//! finite-field key exchange or CBC suites; rustls has none of these, and the problem says `tls_incompatible` or `tls_alert`.

mod starttls;
mod verifier;

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::clock::Clock;
use crate::config::ScanConfig;
use crate::domain::certificate::Certificate;
use crate::domain::endpoint::Endpoint;
use crate::domain::inventory::Inventory;
use crate::domain::observation::{Content, Location, Observation, Problem, SourceName};
use crate::domain::reading::Format;
use crate::domain::reconcile::Gathered;
use crate::pki::intern::Interner;
use crate::pki::read::Limits;
use crate::sources::content;

/// Endpoints connected to at a time.
const CONCURRENT: usize = 16;
/// Certificates of one chain that are read; rustls bounds the bytes of a chain at 64 KiB.
const MAX_CHAIN: usize = 64;

/// Why an endpoint showed no chain.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The name has no address.
    #[error("the host name cannot be resolved: {0}")]
    Dns(io::Error),
    /// The host name cannot be sent as SNI.
    #[error("not a host name TLS can ask for")]
    BadName,
    /// Nobody listens.
    #[error("the connection is refused")]
    Refused,
    /// No route.
    #[error("the host cannot be reached: {0}")]
    Unreachable(io::Error),
    /// Too slow.
    #[error("no answer within {seconds} s while {stage}")]
    Timeout {
        /// What was going on.
        stage: &'static str,
        /// The bound.
        seconds: f64,
    },
    /// The server hung up.
    #[error("the server closes the connection")]
    Closed,
    /// The server or something before it cut the connection.
    #[error("the connection is reset")]
    Reset,
    /// The protocol before TLS is right, and the server does not want TLS.
    #[error("{0}")]
    StarttlsRefused(String),
    /// The protocol before TLS is not the one expected.
    #[error("{0}")]
    UnexpectedAnswer(String),
    /// What the server says is not TLS.
    #[error("what the server says is not TLS: {0}")]
    NotTls(rustls::Error),
    /// The server ended the handshake.
    #[error("the server refuses the handshake: {0}")]
    TlsAlert(rustls::Error),
    /// No version or cipher suite in common.
    #[error("no protocol version or cipher suite in common: {0}")]
    TlsIncompatible(rustls::Error),
    /// A handshake that breaks the protocol in another way.
    #[error("the handshake fails: {0}")]
    TlsFailed(rustls::Error),
    /// Anything else the system says.
    #[error("the system reports: {0}")]
    Io(io::Error),
}

impl EndpointError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Dns(_) => "dns",
            Self::BadName => "bad_name",
            Self::Refused => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::StarttlsRefused(_) => "starttls_refused",
            Self::UnexpectedAnswer(_) => "unexpected_answer",
            Self::NotTls(_) => "not_tls",
            Self::TlsAlert(_) => "tls_alert",
            Self::TlsIncompatible(_) => "tls_incompatible",
            Self::TlsFailed(_) => "tls_failed",
            Self::Io(_) => "io_error",
        }
    }

    /// The same as data.
    pub fn problem(&self) -> Problem {
        Problem { reason: self.reason().into(), message: self.to_string().into() }
    }
}

impl From<rustls::Error> for EndpointError {
    fn from(error: rustls::Error) -> Self {
        match error {
            rustls::Error::AlertReceived(_) => Self::TlsAlert(error),
            rustls::Error::InvalidMessage(_) => Self::NotTls(error),
            rustls::Error::PeerIncompatible(_) => Self::TlsIncompatible(error),
            error => Self::TlsFailed(error),
        }
    }
}

impl From<io::Error> for EndpointError {
    fn from(error: io::Error) -> Self {
        // tokio-rustls hands rustls errors over inside an io::Error.
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return tls.clone().into();
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
                Self::Unreachable(error)
            }
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                Self::Reset
            }
            io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

/// The served chains of some endpoints.
#[derive(Debug)]
pub struct TlsSource {
    name: SourceName,
    endpoints: Vec<Arc<Endpoint>>,
    scan: ScanConfig,
}

impl TlsSource {
    /// A source named `name` over `endpoints`, each once. Declared ones are not among them: their source reads them.
    pub fn new(name: &str, mut endpoints: Vec<Endpoint>, scan: ScanConfig) -> Self {
        endpoints.sort();
        endpoints.dedup();
        Self { name: name.into(), endpoints: endpoints.into_iter().map(Arc::new).collect(), scan }
    }

    /// The name of the configuration.
    pub fn name(&self) -> &SourceName {
        &self.name
    }

    /// One run. Ends by itself at [`ScanConfig::source_timeout`]; dropped, it closes its connections.
    pub async fn gather(&self, known: &Inventory, clock: &dyn Clock) -> Gathered {
        let mut gathered = Gathered { source: Arc::clone(&self.name), kind: "tls".into(), ..Gathered::default() };
        gather_endpoints(&self.endpoints, &self.scan, clock, &mut gathered).await;
        let wanted: HashSet<&Endpoint> = self.endpoints.iter().map(AsRef::as_ref).collect();
        let of_this = known.observations.values().filter(|observation| observation.source == self.name);
        gathered.gone = of_this
            .filter(|observation| match &observation.location {
                Location::Endpoint(endpoint) => !wanted.contains(endpoint.as_ref()),
                Location::File(_) | Location::Card(_) => true,
            })
            .map(|observation| observation.location.clone())
            .collect();
        gathered.finished_at = clock.now();
        gathered
    }
}

/// Reads every endpoint into `gathered`, [`CONCURRENT`] at a time.
pub(super) async fn gather_endpoints(
    endpoints: &[Arc<Endpoint>],
    scan: &ScanConfig,
    clock: &dyn Clock,
    gathered: &mut Gathered,
) {
    let mut met = HashSet::new();
    let mut waiting = endpoints.iter();
    let mut running = JoinSet::new();
    let all = async {
        loop {
            for endpoint in waiting.by_ref().take(CONCURRENT.saturating_sub(running.len())) {
                let (endpoint, scan) = (Arc::clone(endpoint), *scan);
                running.spawn(async move {
                    let chain = read_chain(&endpoint, &scan).await;
                    (endpoint, chain)
                });
            }
            let Some(done) = running.join_next().await else { break };
            // A task that panicked says no name: a defect, told as a failure of the source.
            let Ok((endpoint, chain)) = done else {
                gathered.failure = Some(content::internal_error());
                continue;
            };
            let location = Location::Endpoint(endpoint);
            let read = match chain {
                Ok(chain) => read_served(&chain, scan),
                Err(error) => Read { problems: vec![error.problem()], ..Read::default() },
            };
            content::keep_new(&mut gathered.certificates, &mut met, read.certificates);
            gathered.errors.extend(content::item_errors(&location, &read.problems));
            gathered.seen += 1;
            gathered.observations.push(Observation {
                source: Arc::clone(&gathered.source),
                location,
                stamp: None,
                access: None,
                contents: read.contents.into(),
                problems: read.problems.into(),
                read_at: clock.now(),
            });
        }
    };
    if timeout(scan.source_timeout, all).await.is_err() {
        let message = format!("not finished after the {} s of scan.source_timeout", scan.source_timeout.as_secs());
        gathered.failure = Some(Problem { reason: "timeout".into(), message: message.into() });
    }
    // Which connection ends first is chance; what is told is not.
    gathered.observations.sort_by(|a, b| a.location.cmp(&b.location));
    gathered.errors.sort_by(|a, b| a.place.cmp(&b.place));
}

/// Connects and gives the chain in the order served, as DER. A chain that was shown counts, whatever the server did afterwards.
pub async fn read_chain(endpoint: &Endpoint, scan: &ScanConfig) -> Result<Vec<Vec<u8>>, EndpointError> {
    let slow = |stage| move |_| EndpointError::Timeout { stage, seconds: scan.endpoint_timeout.as_secs_f64() };
    let mut stream = timeout(scan.endpoint_timeout, connect(endpoint)).await.map_err(slow("connecting"))??;
    // RFC 5321 section 4.1.3: a client without a name of its own gives its address.
    let client = match stream.local_addr()? {
        SocketAddr::V4(address) => format!("[{}]", address.ip()),
        SocketAddr::V6(address) => format!("[IPv6:{}]", address.ip()),
    };
    let served = Arc::new(Mutex::new(None));
    let config = verifier::client_config(&served)?;
    let name = endpoint.host.split('%').next().unwrap_or_default();
    let name = ServerName::try_from(name.to_owned()).map_err(|_| EndpointError::BadName)?;
    let handshake = async {
        starttls::prepare(endpoint.scheme, &mut stream, &client).await?;
        TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        Ok(())
    };
    let outcome = timeout(scan.endpoint_timeout, handshake).await.map_err(slow("agreeing on TLS")).flatten();
    let served = served.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (served, outcome) {
        (Some(chain), _) => Ok(chain),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(EndpointError::TlsFailed(rustls::Error::NoCertificatesPresented)),
    }
}

/// What a server says before TLS, and nothing of it goes anywhere.
///
/// # Errors
/// As those words deserve.
#[cfg(fuzzing)]
pub async fn heard(scheme: crate::domain::endpoint::EndpointScheme, said: &[u8]) -> Result<(), EndpointError> {
    starttls::prepare(scheme, &mut tokio::io::join(said, tokio::io::sink()), "[192.0.2.1]").await
}

/// Tries every address of the name; the last refusal is the one told.
async fn connect(endpoint: &Endpoint) -> Result<TcpStream, EndpointError> {
    let addresses =
        tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port)).await.map_err(EndpointError::Dns)?;
    let mut last = EndpointError::Dns(io::Error::new(io::ErrorKind::NotFound, "no address"));
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

#[derive(Default)]
struct Read {
    contents: Vec<Content>,
    problems: Vec<Problem>,
    certificates: Vec<(Arc<Certificate>, Arc<[u8]>)>,
}

/// One item for each certificate, its position in the chain as index.
fn read_served(chain: &[Vec<u8>], scan: &ScanConfig) -> Read {
    let mut read = Read::default();
    if chain.len() > MAX_CHAIN {
        let message = format!("{} certificates served, only the first {MAX_CHAIN} are read", chain.len());
        read.problems.push(Problem { reason: "limit_exceeded".into(), message: message.into() });
    }
    // A certificate derives no key: a PKCS#12 file in its place costs nothing.
    let mut interner = Interner::default();
    let limits = Limits { max_kdf_iterations: 0, ..content::limits(scan) };
    for (index, der) in (0_u32..).zip(chain.iter().take(MAX_CHAIN)) {
        let found = content::contents(content::READER, der, None, &limits, &mut interner);
        read.contents.extend(found.contents.into_iter().map(|item| Content { index, format: Format::Der, ..item }));
        read.problems.extend(found.problems);
        read.certificates.extend(found.certificates);
    }
    read
}
