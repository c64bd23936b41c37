//! Lists over HTTP. Redirects are followed one by one and stay where they are; bodies are taken as they come, without decompression.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_RANGE, ETAG,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, LOCATION, RANGE,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy, RequestBuilder, Response, StatusCode};

use super::error::FetchError;
use super::fetch::{Context, Deadline, Reply};
use super::gate::{Address, Scheme};
use super::resolve::{CONNECT, resolved};
use super::spool::Spool;
use crate::domain::crl::Validators;
use crate::tls;

const MAX_REDIRECTS: usize = 3;
/// A download that ended early is taken up again so often.
const MAX_RESUMES: usize = 3;
/// An ETag or a date longer than this is not worth keeping.
const MAX_VALIDATOR: usize = 256;

/// Asks for a list. `known` are the validators this very address gave last.
pub(super) async fn get(
    address: &Address,
    known: Option<&Validators>,
    context: &Context<'_>,
    spool: &mut Spool,
) -> Result<Reply, FetchError> {
    let mut deadline = Deadline::new(context);
    // Without an ETag or a date the question has no condition.
    let known = known.filter(|known| known.etag.is_some() || known.last_modified.is_some());
    let mut resumed: Option<String> = None;
    for attempt in 0.. {
        let response =
            ask(address, known.filter(|_| resumed.is_none()), resumed.as_deref(), context, spool, &mut deadline)
                .await?;
        if response.status() == StatusCode::NOT_MODIFIED && known.is_some() {
            return Ok(Reply::Unchanged);
        }
        let validators = validators(&response);
        let etag = strong_etag(&response);
        let before = spool.received();
        match receive(response, &address.host, spool, &mut deadline).await {
            Ok(()) => return Ok(Reply::Body(validators)),
            // It was coming, and can be taken up where it broke off.
            Err(FetchError::Unreachable { .. } | FetchError::CutShort { .. })
                if etag.is_some() && spool.received() > before && attempt < MAX_RESUMES =>
            {
                resumed = etag;
            }
            Err(error) => return Err(error),
        }
    }
    Err(FetchError::NotACrl)
}

/// Sends the request, wherever it is redirected to.
async fn ask(
    address: &Address,
    known: Option<&Validators>,
    resume: Option<&str>,
    context: &Context<'_>,
    spool: &mut Spool,
    deadline: &mut Deadline,
) -> Result<Response, FetchError> {
    let mut address = address.clone();
    for _ in 0..=MAX_REDIRECTS {
        let host = address.host.clone();
        let mut request = client(&address, context).await?.get(address.url().clone());
        request = request.header(ACCEPT, "application/pkix-crl, */*;q=0.1").header(ACCEPT_ENCODING, "identity");
        // The ANS asks clients not to hold connections (guide of 2014).
        request = request.header(CONNECTION, "close");
        if context.late {
            request = request.header(CACHE_CONTROL, "no-cache");
        }
        if let Some(known) = known {
            request = conditional(request, known);
        }
        if let Some(etag) = resume {
            request = request.header(RANGE, format!("bytes={}-", spool.received())).header(IF_RANGE, etag);
        }
        let response = deadline.within(spool.received(), &host, request.send()).await?;
        let response = response.map_err(|error| unreachable(&host, &error))?;
        if response.status() == StatusCode::NOT_MODIFIED && known.is_some() {
            return Ok(response);
        }
        match response.status() {
            StatusCode::OK => {
                spool.restart()?;
                return Ok(response);
            }
            StatusCode::PARTIAL_CONTENT if resume.is_some() && begins_at(&response, spool.received()) => {
                return Ok(response);
            }
            StatusCode::NOT_MODIFIED => return Err(FetchError::NotModified { host }),
            status if status.is_redirection() => {
                let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
                let next = location.and_then(|location| address.redirected(location));
                address = next.ok_or(FetchError::Redirect { host })?;
            }
            status => return Err(FetchError::Status { host, status: status.as_u16() }),
        }
    }
    Err(FetchError::Redirect { host: address.host })
}

fn conditional(mut request: RequestBuilder, known: &Validators) -> RequestBuilder {
    if let Some(etag) = &known.etag {
        request = request.header(IF_NONE_MATCH, &**etag);
    }
    if let Some(date) = &known.last_modified {
        request = request.header(IF_MODIFIED_SINCE, &**date);
    }
    request
}

/// A client that connects to what was looked up and allowed, and to nothing else.
async fn client(address: &Address, context: &Context<'_>) -> Result<Client, FetchError> {
    let failed = |why: String| FetchError::Unreachable { host: address.host.clone(), why };
    let by_tls = |url: &str| url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    let secured = address.scheme == Scheme::Https || context.config.proxy.as_deref().is_some_and(by_tls);
    let roots = if secured { tls::system_roots() } else { rustls::RootCertStore::empty() };
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .http1_only()
        .referer(false)
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(0)
        .user_agent(concat!("vigie/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls::client(roots).map_err(failed)?);
    if let Some(proxy) = &context.config.proxy {
        // The proxy looks names up; what is no name is still ours to judge.
        if let Ok(literal) = address.host.parse::<IpAddr>() {
            context.gate.reaches(&address.host, literal)?;
        }
        builder = builder.proxy(Proxy::all(proxy).map_err(|error| failed(error.without_url().to_string()))?);
    } else {
        let addresses = resolved(address, context.gate, context.resolver).await?;
        builder = builder.resolve_to_addrs(&address.host, &addresses);
    }
    builder.build().map_err(|error| failed(told(&error)))
}

async fn receive(
    mut response: Response,
    host: &str,
    spool: &mut Spool,
    deadline: &mut Deadline,
) -> Result<(), FetchError> {
    let encoding =
        response.headers().get(CONTENT_ENCODING).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    if let Some(encoding) =
        encoding.filter(|encoding| !encoding.eq_ignore_ascii_case("identity") && !encoding.is_empty())
    {
        return Err(FetchError::Compressed { host: host.to_owned(), encoding: encoding.chars().take(40).collect() });
    }
    let announced = response.content_length();
    if let Some(length) = announced {
        spool.announced(spool.received().saturating_add(length))?;
    }
    loop {
        let chunk = deadline.within(spool.received(), host, response.chunk()).await?;
        match chunk {
            Ok(Some(bytes)) => spool.push(&bytes)?,
            Ok(None) => return Ok(()),
            Err(error) => return Err(unreachable(host, &error)),
        }
    }
}

fn begins_at(response: &Response, offset: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('-')?.0.parse::<u64>().ok());
    start == Some(offset)
}

/// An ETag that names these very bytes (RFC 9110 section 8.8.1), of a server that gives parts of them.
fn strong_etag(response: &Response) -> Option<String> {
    let ranges =
        response.headers().get(ACCEPT_RANGES).is_some_and(|ranges| ranges.as_bytes().eq_ignore_ascii_case(b"bytes"));
    let etag = response.headers().get(ETAG)?.to_str().ok()?;
    let partial = response.status() == StatusCode::PARTIAL_CONTENT;
    ((ranges || partial) && etag.starts_with('"') && etag.len() <= MAX_VALIDATOR).then(|| etag.to_owned())
}

fn validators(response: &Response) -> Validators {
    let text = |name| {
        let value = response.headers().get(name)?.to_str().ok()?;
        (value.len() <= MAX_VALIDATOR).then(|| value.into())
    };
    Validators { etag: text(ETAG), last_modified: text(LAST_MODIFIED), body: None }
}

fn unreachable(host: &str, error: &reqwest::Error) -> FetchError {
    FetchError::Unreachable { host: host.to_owned(), why: told(error) }
}

/// The innermost cause: what the kernel or the TLS library said.
fn told(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// What the seconds of a bound are in words of an error.
pub(super) const fn seconds(time: Duration) -> u64 {
    time.as_secs()
}
