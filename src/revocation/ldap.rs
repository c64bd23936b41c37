//! Lists from a directory (RFC 4523): one entry, one attribute, asked for by nobody in particular.
//!
//! The client library is given one end of a pair of sockets; what goes between the other end and the directory is counted and timed here, and TLS is
//! ours. An answer of a directory is one message, which is held in memory as a whole: it has a smaller bound than a file.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use ldap3::{LdapConnAsync, LdapConnSettings, Scope, SearchEntry, StdStream};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::error::FetchError;
use super::fetch::{Context, Deadline, Reply};
use super::gate::{Address, Scheme};
use super::resolve::{CONNECT, resolved};
use super::spool::Spool;
use super::tls;
use crate::domain::crl::Validators;

/// Bytes of one answer: the message and what the library makes of it are in memory. The largest list of the sector is some ten megabytes.
const MAX_ANSWER: u64 = 64 << 20;
/// What is around the list in the answer.
const AROUND: u64 = 16 << 10;

/// Attributes that hold lists.
const ATTRIBUTES: [(&str, &str); 3] = [
    ("certificaterevocationlist", "certificateRevocationList;binary"),
    ("deltarevocationlist", "deltaRevocationList;binary"),
    ("authorityrevocationlist", "authorityRevocationList;binary"),
];

/// What an LDAP address asks for (RFC 4516).
#[derive(Debug, PartialEq, Eq)]
struct Question {
    entry: String,
    attribute: &'static str,
    filter: String,
}

/// Asks for a list.
pub(super) async fn get(address: &Address, context: &Context<'_>, spool: &mut Spool) -> Result<Reply, FetchError> {
    let host = &address.host;
    let failed = |why: String| FetchError::Directory { host: host.clone(), why: one_line(&why) };
    let question = question(address).ok_or_else(|| failed("the address names no list of an entry".to_owned()))?;
    let addresses = resolved(address, context.gate, context.resolver).await?;
    let mut deadline = Deadline::new(context);
    let stream = connect(host, &addresses).await?;
    let limit = context.config.max_bytes.min(MAX_ANSWER);
    let relay = Arc::new(Relay { limit: limit + AROUND, received: AtomicU64::new(0), over: AtomicU8::new(0) });
    let (ours, theirs) = UnixStream::pair().map_err(FetchError::Disk)?;
    let theirs = theirs.into_std().map_err(FetchError::Disk)?;
    let relaying = if address.scheme == Scheme::Ldaps {
        let config = tls::client(true).map_err(failed)?;
        let name = rustls::pki_types::ServerName::try_from(host.clone()).map_err(|error| failed(error.to_string()))?;
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let stream = deadline.within(0, host, connecting).await?;
        let stream = stream.map_err(|error| FetchError::Unreachable { host: host.clone(), why: error.to_string() })?;
        tokio::spawn(Arc::clone(&relay).run(stream, ours))
    } else {
        tokio::spawn(Arc::clone(&relay).run(stream, ours))
    };
    let searching = search(theirs, &question);
    tokio::pin!(searching);
    let found = loop {
        // The time grows with what came.
        let received = relay.received.load(Ordering::Relaxed);
        match deadline.within(received, host, tokio::time::timeout(CONNECT, searching.as_mut())).await {
            Ok(Ok(found)) => break found,
            Ok(Err(_)) => {}
            Err(late) => {
                relaying.abort();
                return Err(late);
            }
        }
    };
    relaying.abort();
    if relay.over.load(Ordering::Relaxed) > 0 {
        return Err(FetchError::TooLarge { limit });
    }
    let found = found.map_err(failed)?;
    spool.restart()?;
    spool.push(&found)?;
    Ok(Reply::Body(Validators::default()))
}

async fn connect(host: &str, addresses: &[SocketAddr]) -> Result<TcpStream, FetchError> {
    let mut why = String::new();
    for address in addresses {
        match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => why = format!("no connection in {} s", CONNECT.as_secs()),
        }
    }
    Err(FetchError::Unreachable { host: host.to_owned(), why })
}

async fn search(stream: std::os::unix::net::UnixStream, question: &Question) -> Result<Vec<u8>, String> {
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(stream));
    let opened = LdapConnAsync::with_settings(settings, "ldapi://vigie").await;
    let (connection, mut ldap) = opened.map_err(|error| error.to_string())?;
    let driving = tokio::spawn(async move {
        if let Err(error) = connection.drive().await {
            tracing::debug!(error = %error, "a connection to a directory ended");
        }
    });
    let asked = ldap.search(&question.entry, Scope::Base, &question.filter, vec![question.attribute]).await;
    let found = match asked.and_then(ldap3::SearchResult::success) {
        Ok((entries, _)) => list_of(entries.into_iter().map(SearchEntry::construct), question.attribute),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = ldap.unbind().await {
        tracing::debug!(error = %error, "a directory was left without a word");
    }
    driving.abort();
    found
}

/// The one value of the attribute. Directories give it with or without the option `;binary` that was asked for.
fn list_of(entries: impl Iterator<Item = SearchEntry>, attribute: &str) -> Result<Vec<u8>, String> {
    let wanted = attribute.trim_end_matches(";binary");
    let is_it = |name: &str| name.split(';').next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
    for entry in entries {
        let binary = entry.bin_attrs.into_iter().filter(|(name, _)| is_it(name)).flat_map(|(_, values)| values);
        let text = entry.attrs.into_iter().filter(|(name, _)| is_it(name));
        let text = text.flat_map(|(_, values)| values).map(String::into_bytes);
        if let Some(value) = binary.chain(text).find(|value| !value.is_empty()) {
            return Ok(value);
        }
    }
    Err(format!("no {attribute} in the entry"))
}

fn question(address: &Address) -> Option<Question> {
    let decoded = |text: &str| percent_decoded(text);
    let entry = decoded(address.url().path().trim_start_matches('/'))?;
    let mut parts = address.url().query().unwrap_or_default().split('?');
    let attribute = decoded(parts.next().unwrap_or_default())?;
    let scope = parts.next().unwrap_or_default();
    let filter = decoded(parts.next().unwrap_or_default())?;
    let name = attribute.split(';').next().unwrap_or_default().to_ascii_lowercase();
    let attribute = ATTRIBUTES.iter().find(|(known, _)| *known == name).map(|(_, asked)| *asked)?;
    // An address that asks for more than its entry asks for a list nobody can name.
    if entry.is_empty() || !(scope.is_empty() || scope.eq_ignore_ascii_case("base")) {
        return None;
    }
    let filter = match filter.as_str() {
        "" => "(objectClass=*)".to_owned(),
        filter if filter.starts_with('(') => filter.to_owned(),
        filter => format!("({filter})"),
    };
    Some(Question { entry, attribute, filter })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
        out.push(u8::try_from(high << 4 | low).ok()?);
    }
    String::from_utf8(out).ok().filter(|text| !text.chars().any(char::is_control))
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

/// Carries bytes between the directory and the library, up to a bound.
struct Relay {
    limit: u64,
    received: AtomicU64,
    over: AtomicU8,
}

impl Relay {
    async fn run<S: AsyncRead + AsyncWrite + Unpin>(self: Arc<Self>, directory: S, library: UnixStream) {
        let (mut from_directory, mut to_directory) = tokio::io::split(directory);
        let (mut from_library, mut to_library) = tokio::io::split(library);
        let asking = async { tokio::io::copy(&mut from_library, &mut to_directory).await.map(|_| ()) };
        let answering = async {
            let mut buffer = vec![0; 64 << 10];
            loop {
                let got = from_directory.read(&mut buffer).await?;
                let before = self.received.fetch_add(got as u64, Ordering::Relaxed);
                if before + got as u64 > self.limit {
                    self.over.store(1, Ordering::Relaxed);
                    return Ok(());
                }
                if got == 0 {
                    return Ok(());
                }
                to_library.write_all(buffer.get(..got).unwrap_or_default()).await?;
            }
        };
        // Whichever side ends first ends both: the library sees its connection close.
        let ended: std::io::Result<()> = tokio::select! {
            ended = asking => ended,
            ended = answering => ended,
        };
        if let Err(error) = ended {
            tracing::debug!(error = %error, "a connection to a directory broke");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RevocationConfig;
    use crate::revocation::gate::Gate;

    fn asked(text: &str) -> Option<Question> {
        let config =
            RevocationConfig { hosts: vec!["annuaire-igc.esante.gouv.fr".to_owned()], ..RevocationConfig::default() };
        question(&Gate::new(&config).address(text).expect("allowed"))
    }

    #[test]
    fn addresses_of_igc_sante() {
        let host = "ldap://annuaire-igc.esante.gouv.fr";
        let entry = "cn=AC%20IGC-SANTE%20ELEMENTAIRE%20ORGANISATIONS,ou=0002%20187512751,o=ASIP-SANTE,c=FR";
        let found = asked(&format!("{host}/{entry}?certificaterevocationlist;binary?base?objectClass=pkiCA"))
            .expect("a question");
        assert_eq!(found.entry, "cn=AC IGC-SANTE ELEMENTAIRE ORGANISATIONS,ou=0002 187512751,o=ASIP-SANTE,c=FR");
        assert_eq!(
            (found.attribute, found.filter.as_str()),
            ("certificateRevocationList;binary", "(objectClass=pkiCA)")
        );
        let delta =
            asked(&format!("{host}/{entry}?deltarevocationlist;binary?base?(objectClass=pkiCA)")).expect("a question");
        assert_eq!(delta.attribute, "deltaRevocationList;binary");
        assert_eq!(
            asked(&format!("{host}/{entry}?certificateRevocationList")).map(|q| q.filter),
            Some("(objectClass=*)".to_owned())
        );
        for wrong in ["?userPassword?base", "?certificaterevocationlist?sub", "", "?certificaterevocationlist?one"] {
            assert_eq!(asked(&format!("{host}/{entry}{wrong}")), None, "{wrong}");
        }
        assert_eq!(asked(&format!("{host}/?certificaterevocationlist")), None);
        assert_eq!(asked(&format!("{host}/cn=%zz?certificaterevocationlist")), None);
    }
}
