//! `/api/v1/crls`: the lists that are followed, asking for them, taking one from a file; oppositions and requests for revocation.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::Shared;
use super::answer::{blocking, texts};
use super::asked::{self, Id, NoParameters, Query};
use super::paging::Paging;
use super::problem::ApiProblem;
use crate::domain::crl::{Awaited, AwaitedSubject, CrlState};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::identifier::CardNumber;
use crate::domain::offer::{UnknownWord, spelled};
use crate::domain::profile::Environment;
use crate::domain::time::Timestamp;
use crate::engine::{Caller, Refusal, freshness};

/// A list as the API gives it.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    name: &'a str,
    label: Arc<str>,
    issuer: &'a str,
    urls: Vec<&'a str>,
    delta: bool,
    followed: bool,
    number: Option<&'a str>,
    this_update: Option<Timestamp>,
    next_update: Option<Timestamp>,
    /// `missing`, `stale`, `near_stale` or `fresh`.
    pub(super) freshness: &'static str,
    entries: Option<u64>,
    bytes: Option<u64>,
    sha256: Option<Fingerprint>,
    taken_at: Option<Timestamp>,
    taken_from: Option<&'a str>,
    last_attempt: Option<Timestamp>,
    last_success: Option<Timestamp>,
    next_attempt: Option<Timestamp>,
    failure: Option<Failure<'a>>,
}

#[derive(Debug, Serialize)]
struct Failure<'a> {
    reason: &'a str,
    message: &'a str,
    since: Timestamp,
    count: u32,
}

impl<'a> Line<'a> {
    pub(super) fn new(name: &'a str, state: &'a CrlState, margin: i64, now: Timestamp) -> Self {
        let held = state.held.as_ref();
        Self {
            name,
            label: state.label(),
            issuer: &state.issuer,
            urls: state.addresses.iter().map(|address| &**address).collect(),
            delta: state.delta,
            followed: state.followed,
            number: held.and_then(|held| held.number.as_deref()),
            this_update: held.map(|held| held.this_update),
            next_update: held.and_then(|held| held.next_update),
            freshness: freshness(state, margin, now),
            entries: held.map(|held| held.entries),
            bytes: held.map(|held| held.bytes),
            sha256: held.map(|held| held.identity),
            taken_at: held.map(|held| held.taken_at),
            taken_from: state.taken_from.as_deref(),
            last_attempt: state.last_attempt,
            last_success: state.last_success,
            next_attempt: state.next_attempt,
            failure: state.failure.as_ref().map(|failure| Failure {
                reason: &failure.reason,
                message: &failure.message,
                since: failure.since,
                count: failure.count,
            }),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    #[serde(default, deserialize_with = "asked::word")]
    freshness: Option<Freshness>,
    followed: Option<bool>,
    delta: Option<bool>,
    /// How the issuer begins, RFC 4514.
    issuer: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

spelled! {
    /// What [`freshness`] says.
    Freshness, "freshness of a revocation list" {
        /// None is held.
        Missing = "missing",
        /// Past its nextUpdate, or without one.
        Stale = "stale",
        /// Its successor is due.
        NearStale = "near_stale",
        /// In force.
        Fresh = "fresh",
    }
}

impl ListQuery {
    fn wants(&self, state: &CrlState, margin: i64, now: Timestamp) -> bool {
        (state.followed || state.held.is_some())
            && self.freshness.is_none_or(|wanted| wanted.as_str() == freshness(state, margin, now))
            && self.followed.is_none_or(|wanted| wanted == state.followed)
            && self.delta.is_none_or(|wanted| wanted == state.delta)
            && self.issuer.as_deref().is_none_or(|wanted| state.issuer.starts_with(wanted))
    }
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<ListQuery>,
) -> Result<Response, ApiProblem> {
    let snapshot = shared.handle.snapshot();
    let now = shared.clock.now();
    blocking(move || {
        let margin = snapshot.config.policy.crl_margin();
        let lists = &snapshot.inventory.revocation.lists;
        let wanted: Vec<_> = lists.iter().filter(|(_, state)| query.wants(state, margin, now)).collect();
        let page = Paging::new(query.limit, query.cursor).cut(
            &wanted,
            |(name, _)| name.to_string(),
            |(name, state)| Line::new(name, state, margin, now),
        )?;
        Ok(Json(page).into_response())
    })
    .await?
}

pub(super) async fn fetch(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Query(_): Query<NoParameters>,
    body: Body,
) -> Result<Response, ApiProblem> {
    let NoParameters {} = asked::object(&shared, &caller, "/api/v1/crls/fetch", body).await?;
    let report = shared.handle.fetch_lists(caller).await.map_err(refused(&shared))?;
    Ok(Json(report).into_response())
}

pub(super) async fn import(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Query(_): Query<NoParameters>,
    body: Body,
) -> Result<Response, ApiProblem> {
    let asked: ImportRequest = asked::object(&shared, &caller, "/api/v1/crls/import", body).await?;
    if !asked.path.is_absolute() {
        return Err(ApiProblem::bad_request("the path is not absolute"));
    }
    let report = shared.handle.import_list(caller, asked.path).await.map_err(refused(&shared))?;
    Ok(Json(report).into_response())
}

pub(super) async fn forget(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Query(_): Query<NoParameters>,
    body: Body,
) -> Result<Response, ApiProblem> {
    let asked: ForgetRequest = asked::object(&shared, &caller, "/api/v1/crls/forget", body).await?;
    let report = shared.handle.forget_list(caller, asked.list).await.map_err(refused(&shared))?;
    Ok(Json(report).into_response())
}

/// Opposition of a card: both its certificates are to be revoked.
pub(super) async fn oppose(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Id(number): Id,
    Query(_): Query<NoParameters>,
    body: Body,
) -> Result<Response, ApiProblem> {
    let asked: AwaitRequest = asked::object(&shared, &caller, "/api/v1/cards/oppose", body).await?;
    follow(&shared, caller, card(&number)?, asked).await
}

/// The opposition of another card was meant.
pub(super) async fn withdraw_opposition(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Id(number): Id,
    Query(_): Query<NoParameters>,
    body: Body,
) -> Result<Response, ApiProblem> {
    let asked: WithdrawRequest = asked::object(&shared, &caller, "/api/v1/cards/oppose/withdraw", body).await?;
    withdraw(&shared, caller, card(&number)?, asked).await
}

/// A revocation that was asked for at the portal.
pub(super) async fn revocation(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Query(_): Query<NoParameters>,
    body: Body,
) -> Result<Response, ApiProblem> {
    let asked: AwaitRequest = asked::object(&shared, &caller, "/api/v1/certificates/revocation", body).await?;
    follow(&shared, caller, certificate(&shared, id).await?, asked).await
}

/// The revocation of another certificate was meant.
pub(super) async fn withdraw_revocation(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Query(_): Query<NoParameters>,
    body: Body,
) -> Result<Response, ApiProblem> {
    let asked: WithdrawRequest =
        asked::object(&shared, &caller, "/api/v1/certificates/revocation/withdraw", body).await?;
    withdraw(&shared, caller, certificate(&shared, id).await?, asked).await
}

async fn follow(
    shared: &Shared,
    caller: Caller,
    what: AwaitedSubject,
    asked: AwaitRequest,
) -> Result<Response, ApiProblem> {
    let awaited = shared.handle.await_revocation(caller, what, asked.declared_at).await.map_err(refused(shared))?;
    Ok(Json(told(&awaited)).into_response())
}

async fn withdraw(
    shared: &Shared,
    caller: Caller,
    what: AwaitedSubject,
    asked: WithdrawRequest,
) -> Result<Response, ApiProblem> {
    let awaited = shared.handle.withdraw(caller, what, asked.reason).await.map_err(refused(shared))?;
    Ok(Json(told(&awaited)).into_response())
}

fn card(number: &str) -> Result<AwaitedSubject, ApiProblem> {
    let number = CardNumber::parse(number, Environment::Production);
    number.map(|number| AwaitedSubject::Card(number.value)).map_err(|error| ApiProblem::bad_request(error.to_string()))
}

async fn certificate(shared: &Shared, id: String) -> Result<AwaitedSubject, ApiProblem> {
    let (snapshot, now) = (shared.handle.snapshot(), shared.clock.now());
    let found = blocking(move || snapshot.listing(now).find(&id).and_then(|row| row.fingerprint)).await?;
    let fingerprint = found.ok_or_else(|| ApiProblem::not_found("no such certificate, or it was not found yet"))?;
    Ok(AwaitedSubject::Certificate(fingerprint))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportRequest {
    path: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ForgetRequest {
    /// Name, address, or issuer.
    list: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AwaitRequest {
    /// When it was declared to the ANS; now unless told.
    #[serde(default, deserialize_with = "asked::word")]
    declared_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WithdrawRequest {
    /// Why, in one line.
    reason: String,
}

/// In the configured language.
fn refused(shared: &Shared) -> impl FnOnce(Refusal) -> ApiProblem {
    let snapshot = shared.handle.snapshot();
    let said = texts(&snapshot, None);
    move |refusal| ApiProblem::refused(refusal, &said, snapshot.config.timezone)
}

fn told(awaited: &Awaited) -> serde_json::Value {
    let seen = awaited.seen.as_ref();
    serde_json::json!({
        "subject": awaited.what.to_string(),
        "declared_at": awaited.declared_at,
        "asked_at": awaited.asked_at,
        "seen_at": seen.map(|seen| seen.at),
        "revoked_at": seen.map(|seen| seen.revoked_at),
        "crl_number": seen.and_then(|seen| seen.crl_number.as_deref()),
        "delay_seconds": awaited.delay_seconds(),
    })
}
