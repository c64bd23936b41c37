//! Lists from a directory (RFC 4523): one entry, one attribute, asked for by nobody in particular.
//!
//! The connection goes to the address that was checked, never through a proxy, and never on to where a directory refers one.

mod message;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::error::FetchError;
use super::fetch::{Context, Deadline, Reply};
use super::gate::{Address, Scheme};
use super::resolve::{CONNECT, resolved};
use super::spool::Spool;
use crate::domain::crl::Validators;
use crate::tls;
use message::{Answer, UNBIND, request};

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
}

/// Asks for a list.
pub(super) async fn get(address: &Address, context: &Context<'_>, spool: &mut Spool) -> Result<Reply, FetchError> {
    let host = &address.host;
    let failed = |why: String| FetchError::Directory { host: host.clone(), why: one_line(&why) };
    let question = question(address).ok_or_else(|| failed("the address names no list of an entry".to_owned()))?;
    let addresses = resolved(address, context.gate, context.resolver).await?;
    let mut deadline = Deadline::new(context);
    let stream = connect(host, &addresses).await?;
    spool.restart()?;
    if address.scheme == Scheme::Ldaps {
        let config = tls::client(tls::system_roots()).map_err(failed)?;
        let name = rustls::pki_types::ServerName::try_from(host.clone()).map_err(|error| failed(error.to_string()))?;
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let stream = deadline.within(0, host, connecting).await?;
        let stream = stream.map_err(|error| FetchError::Unreachable { host: host.clone(), why: error.to_string() })?;
        converse(stream, host, &question, &mut deadline, context.config.max_bytes, spool).await?;
    } else {
        converse(stream, host, &question, &mut deadline, context.config.max_bytes, spool).await?;
    }
    Ok(Reply::Body(Validators::default()))
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    host: &str,
    question: &Question,
    deadline: &mut Deadline,
    limit: u64,
    spool: &mut Spool,
) -> Result<(), FetchError> {
    let request = request(&question.entry, question.attribute);
    let asked = deadline.within(0, host, stream.write_all(&request)).await?;
    asked.map_err(|error| FetchError::Unreachable { host: host.to_owned(), why: error.to_string() })?;
    Answer::new(&mut stream, host, deadline, limit).value_of(question.attribute, spool).await?;
    // The list is there; whether the last word was heard does not matter.
    if let Ok(Err(error)) = deadline.within(spool.received(), host, stream.write_all(&UNBIND)).await {
        tracing::debug!(error = %error, "a directory was left without a word");
    }
    Ok(())
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

fn question(address: &Address) -> Option<Question> {
    let decoded = |text: &str| percent_decoded(text);
    let entry = decoded(address.url().path().trim_start_matches('/'))?;
    let mut parts = address.url().query().unwrap_or_default().split('?');
    let attribute = decoded(parts.next().unwrap_or_default())?;
    let scope = parts.next().unwrap_or_default();
    let name = attribute.split(';').next().unwrap_or_default().to_ascii_lowercase();
    let attribute = ATTRIBUTES.iter().find(|(known, _)| *known == name).map(|(_, asked)| *asked)?;
    // An address that asks for more than its entry asks for a list nobody can name.
    if entry.is_empty() || !(scope.is_empty() || scope.eq_ignore_ascii_case("base")) {
        return None;
    }
    Some(Question { entry, attribute })
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
        assert_eq!(found.attribute, "certificateRevocationList;binary");
        let delta =
            asked(&format!("{host}/{entry}?deltarevocationlist;binary?base?(objectClass=pkiCA)")).expect("a question");
        assert_eq!(delta.attribute, "deltaRevocationList;binary");
        assert_eq!(
            asked(&format!("{host}/{entry}?certificateRevocationList")).map(|question| question.attribute),
            Some("certificateRevocationList;binary")
        );
        for wrong in ["?userPassword?base", "?certificaterevocationlist?sub", "", "?certificaterevocationlist?one"] {
            assert_eq!(asked(&format!("{host}/{entry}{wrong}")), None, "{wrong}");
        }
        assert_eq!(asked(&format!("{host}/?certificaterevocationlist")), None);
        assert_eq!(asked(&format!("{host}/cn=%zz?certificaterevocationlist")), None);
    }
}
