//! What every request must look like before anybody asks who sent it: a Host that is ours (a name rebound to 127.0.0.1 by a
//! hostile page is not), no foreign Origin on a change; and, where a body is taken, JSON in JSON's clothes.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::access::{Peer, note_refusal};
use super::problem::ApiProblem;
use super::refusals::Refused;
use crate::domain::audit_event::Actor;
use crate::engine::Caller;

/// Refuses foreign hosts and foreign origins.
pub(super) async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let config = Arc::clone(&shared.handle.snapshot().config);
    match inspect(&request, &config.http.hosts) {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer::Tcp);
            note_refusal(&shared, peer, Actor::Anonymous, Refused::Noise, request.uri().path(), &problem);
            problem.into_response()
        }
    }
}

/// Headers every answer carries. No script is needed, so none is allowed.
pub(super) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn inspect(request: &Request, configured: &[String]) -> Result<(), ApiProblem> {
    let headers = request.headers();
    let named = single(headers, header::HOST)?;
    // RFC 9112 section 3.2.2: a target in absolute form wins over the header.
    let host = request.uri().authority().map(|authority| authority.as_str()).or(named);
    if !host.is_some_and(|host| is_ours(host, configured)) {
        return Err(ApiProblem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "foreign_host",
            "this name is not one of this service's: see http.hosts",
        ));
    }
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return Ok(());
    }
    if request.method() != Method::POST {
        return Err(ApiProblem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "only GET, HEAD and POST are used",
        ));
    }
    let foreign = || {
        ApiProblem::forbidden(
            "foreign_origin",
            "a change is only taken from this service's own pages or from a program",
        )
    };
    if let Some(origin) = single(headers, header::ORIGIN)? {
        let host_of_origin = origin.split_once("://").map(|(_, host)| host);
        if host_of_origin.is_none_or(|origin| Some(origin) != host) {
            return Err(foreign());
        }
    }
    if let Some(site) = single(headers, header::HeaderName::from_static("sec-fetch-site"))?
        && !matches!(site, "same-origin" | "none")
    {
        return Err(foreign());
    }
    Ok(())
}

/// Refuses a body that is not what it should be. Stands behind the method: what is not asked with POST is not asked in JSON either.
pub(super) async fn media_type(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let form = request.uri().path() == "/login";
    let wanted = if form { "application/x-www-form-urlencoded" } else { "application/json" };
    let given = single(request.headers(), header::CONTENT_TYPE);
    let is_it = |given: &str| given.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(wanted);
    let problem = match given {
        Ok(Some(given)) if is_it(given) => return next.run(request).await,
        Ok(_) => ApiProblem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            format!("send the body as {wanted}"),
        ),
        Err(problem) => problem,
    };
    let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer::Tcp);
    // Behind the gate somebody was recognised; the form of the sign-in stands before it.
    let caller = request.extensions().get::<Caller>().map(|caller| caller.actor.clone());
    let refused = if caller.is_some() { Refused::Attempt } else { Refused::Noise };
    let actor = caller.unwrap_or(Actor::Anonymous);
    note_refusal(&shared, peer, actor, refused, request.uri().path(), &problem);
    problem.into_response()
}

/// The value of a header that must not come twice.
fn single(headers: &HeaderMap, name: header::HeaderName) -> Result<Option<&str>, ApiProblem> {
    let mut values = headers.get_all(&name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(ApiProblem::bad_request(format!("header {name} is given twice")));
    }
    match value.map(HeaderValue::to_str) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(_)) => Err(ApiProblem::bad_request(format!("header {name} is not plain text"))),
    }
}

fn is_ours(host: &str, configured: &[String]) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, port)) => (v6, port),
        None => host.split_once(':').map_or((host, ""), |(name, _)| (name, &host[name.len()..])),
    };
    let port_is_a_number =
        port.is_empty() || port.strip_prefix(':').is_some_and(|digits| digits.parse::<u16>().is_ok());
    let known = ["127.0.0.1", "::1", "localhost"];
    port_is_a_number
        && (known.contains(&name) || configured.iter().any(|configured| configured.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_are_ours() {
        let configured = ["pki.ch-exemple.fr".to_owned()];
        for host in ["127.0.0.1:8440", "[::1]:8440", "localhost", "PKI.ch-exemple.fr:443"] {
            assert!(is_ours(host, &configured), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:80",
            "127.0.0.1:80:80",
            "[::1]x",
            "",
            "127.0.0.1@evil",
        ] {
            assert!(!is_ours(host, &configured), "{host}");
        }
    }
}
