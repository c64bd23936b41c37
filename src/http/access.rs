//! Who is asking, and whether they may. Listening on the loopback is no access control: every local user and every web page
//! open in a local browser reaches it.

use std::fs;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::problem::ApiProblem;
use super::refusals::Refused;
use crate::domain::audit_event::{Action, Actor, AuditEvent, AuditOutcome, Origin};
use crate::engine::Caller;

/// How the connection came in; put into each request by the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The Unix socket, with the uid the kernel vouches for (SO_PEERCRED).
    Socket {
        /// Effective uid of the peer when it connected.
        uid: u32,
    },
    /// The TCP listener.
    Tcp,
}

/// The bearer token of the TCP listener.
#[derive(Clone)]
pub struct Token {
    /// The secret.
    secret: Arc<str>,
    /// First 12 hex digits of its SHA-256: names it in the audit.
    id: Arc<str>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({})", self.id)
    }
}

impl Token {
    /// A token and the id it is known by.
    pub fn new(secret: &str, id: &str) -> Self {
        Self { secret: secret.into(), id: id.into() }
    }

    /// Compares without stopping at the first difference, so that time tells nothing of the secret but its length.
    pub(super) fn matches(&self, given: &str) -> bool {
        let (ours, theirs) = (self.secret.as_bytes(), given.as_bytes());
        ours.len() == theirs.len() && ours.iter().zip(theirs).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
    }
}

/// What a request may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// See the inventory.
    Read,
    /// Ask for a scan or a reload.
    Change,
}

/// Gate in front of everything but `/healthz`, `/readyz` and the sign-in form.
pub async fn gate(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let need =
        if request.method() == Method::GET || request.method() == Method::HEAD { Need::Read } else { Need::Change };
    let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer::Tcp);
    match decide(&shared, peer, request.headers(), need) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => {
            let (actor, refused, problem) = *refusal;
            note_refusal(&shared, peer, actor, refused, request.uri().path(), &problem);
            if is_browser(request.headers()) && problem.status == StatusCode::UNAUTHORIZED {
                super::page::sign_in(&shared, None)
            } else {
                problem.into_response()
            }
        }
    }
}

/// Whether a page for a person is wanted rather than JSON.
pub(super) fn is_browser(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"))
}

fn decide(
    shared: &Shared,
    peer: Peer,
    headers: &HeaderMap,
    need: Need,
) -> Result<Caller, Box<(Actor, Refused, ApiProblem)>> {
    match peer {
        Peer::Socket { uid } => {
            let actor = Actor::User { uid, login: login_of(uid) };
            // Who may connect at all is the mode of the socket; who may change is root, the daemon's own user and the
            // administrators of the configuration.
            if need == Need::Change && !may_change(shared, uid, &actor) {
                let detail = "this user may look but not change: add it to http.admins";
                return Err(Box::new((actor, Refused::Attempt, ApiProblem::forbidden("not_an_administrator", detail))));
            }
            Ok(Caller { actor, origin: Origin::Socket })
        }
        Peer::Tcp => {
            let bearer = headers
                .get(header::AUTHORIZATION)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| value.split_once(' '))
                // RFC 9110 section 11.1: the scheme is case-insensitive.
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
                .map(|(_, given)| given);
            if let Some(given) = bearer {
                if shared.token.matches(given.trim()) {
                    let actor = Actor::Token { id: shared.token.id.to_string() };
                    return Ok(Caller { actor, origin: Origin::Tcp });
                }
                return Err(Box::new((Actor::Anonymous, Refused::Attempt, ApiProblem::unauthorized())));
            }
            // A page session only ever reads: a forged form post has nothing to ride on.
            let session = need == Need::Read && shared.sessions.holds(headers, shared.clock.monotonic());
            let open = need == Need::Read && shared.handle.snapshot().config.http.open_read;
            if session || open {
                let actor = if session { Actor::Token { id: shared.token.id.to_string() } } else { Actor::Anonymous };
                return Ok(Caller { actor, origin: Origin::Tcp });
            }
            Err(Box::new((Actor::Anonymous, Refused::Noise, ApiProblem::unauthorized())))
        }
    }
}

fn may_change(shared: &Shared, uid: u32, actor: &Actor) -> bool {
    let login = match actor {
        Actor::User { login, .. } => login.as_deref(),
        _ => None,
    };
    let config = &shared.handle.snapshot().config;
    uid == 0
        || uid == shared.own_uid
        || config.http.admins.iter().any(|admin| Some(admin.as_str()) == login || admin.parse() == Ok(uid))
}

/// Has a refusal written to the audit trail, within the budget of its kind.
pub(super) fn note_refusal(
    shared: &Shared,
    peer: Peer,
    actor: Actor,
    refused: Refused,
    path: &str,
    problem: &ApiProblem,
) {
    let Some(repeats) = shared.refusals.admit(refused, shared.clock.monotonic()) else { return };
    let object: String = path.chars().filter(|c| !c.is_control()).take(200).collect();
    let reason = match repeats {
        0 => problem.reason.to_owned(),
        more => format!("{}; {more} further refusals before it were not written", problem.reason),
    };
    let written = shared.handle.note(AuditEvent {
        at: shared.clock.now(),
        actor,
        origin: if peer == Peer::Tcp { Origin::Tcp } else { Origin::Socket },
        action: Action::AccessDenied,
        object,
        outcome: AuditOutcome::Refused,
        reason: Some(reason),
    });
    if !written {
        shared.refusals.put_back(refused, repeats + 1);
    }
}

/// Writes down that a request of somebody who may ask was refused for what it carried.
pub(super) fn note_refused_request(shared: &Shared, caller: &Caller, path: &str, problem: &ApiProblem) {
    let peer = if caller.origin == Origin::Tcp { Peer::Tcp } else { Peer::Socket { uid: shared.own_uid } };
    note_refusal(shared, peer, caller.actor.clone(), Refused::Attempt, path, problem);
}

/// Writes down that somebody could not sign in with the form: a wrong token, or a body that is no form.
pub(super) fn note_failed_sign_in(shared: &Shared, refused: Refused, problem: &ApiProblem) {
    note_refusal(shared, Peer::Tcp, Actor::Anonymous, refused, "/login", problem);
}

/// The login name of a local account, from `/etc/passwd`. Accounts of a directory service go by number.
fn login_of(uid: u32) -> Option<String> {
    let text = fs::read_to_string("/etc/passwd").ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (login, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id.parse() == Ok(uid)).then(|| login.to_owned())
    })
}
