//! The rest of `/api/v1`, `/healthz` and `/readyz`.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::Shared;
use super::answer::{InWords, store_problem, texts};
use super::asked::{self, NoParameters, Query};
use super::paging::Paging;
use super::problem::ApiProblem;
use crate::domain::time::Timestamp;
use crate::engine::Caller;
use crate::store::{AuditFilter, AuditOrder};

pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// The description of this API, written by hand; a test holds it to what is served.
pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("openapi.json")).into_response()
}

pub(super) async fn nothing_here() -> ApiProblem {
    ApiProblem::not_found("nothing here")
}

/// GET on what is asked with POST, or the other way round; the header Allow says which.
pub(super) async fn another_method() -> ApiProblem {
    ApiProblem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this is not asked with that method")
}

pub(super) async fn status(State(shared): State<Arc<Shared>>, Query(_): Query<NoParameters>) -> Response {
    let snapshot = shared.handle.snapshot();
    // Everything but the instant is serialised once per snapshot: `{` + now + the rest.
    let rest = snapshot.status_json();
    let body = format!("{{\"now\":\"{}\",{}", shared.clock.now(), rest.strip_prefix('{').unwrap_or(rest));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

pub(super) async fn structures(
    State(shared): State<Arc<Shared>>,
    Query(paging): Query<Paging>,
) -> Result<Response, ApiProblem> {
    #[derive(Serialize)]
    struct Line<'a> {
        id: &'a str,
        name: &'a str,
        kind: &'static str,
        environment: &'static str,
        finess_juridique: Option<&'a str>,
        finess_geographique: Vec<&'a str>,
        siren: Option<&'a str>,
        siret: Vec<&'a str>,
        rpps_rang: Vec<&'a str>,
        certificates: usize,
    }
    let snapshot = shared.handle.snapshot();
    let declaration = &snapshot.inventory.declaration;
    let items: Vec<Line<'_>> = declaration
        .structures
        .values()
        .map(|structure| Line {
            id: structure.id.as_str(),
            name: &structure.name,
            kind: structure.kind.as_str(),
            environment: structure.environment.as_str(),
            finess_juridique: structure.finess_juridique.as_ref().map(|finess| finess.as_str()),
            finess_geographique: structure.finess_geographique.iter().map(|finess| finess.as_str()).collect(),
            siren: structure.siren.as_ref().map(|siren| siren.as_str()),
            siret: structure.siret.iter().map(|siret| siret.as_str()).collect(),
            rpps_rang: structure.rpps_rang.iter().map(|rang| rang.as_str()).collect(),
            certificates: declaration
                .certificates
                .values()
                .filter(|declared| declared.structure == structure.id)
                .count(),
        })
        .collect();
    Ok(Json(paging.of(items)?).into_response())
}

pub(super) async fn administrators(
    State(shared): State<Arc<Shared>>,
    Query(paging): Query<Paging>,
) -> Result<Response, ApiProblem> {
    #[derive(Serialize)]
    struct Line<'a> {
        person: &'a str,
        structure: &'a str,
        role: &'static str,
        offers: Vec<String>,
        perimeter: &'a [String],
        from: Option<String>,
        until: Option<String>,
        source: Option<&'a str>,
        card: Option<&'a str>,
        firm: Option<&'a str>,
    }
    let snapshot = shared.handle.snapshot();
    let declaration = &snapshot.inventory.declaration;
    let items: Vec<Line<'_>> = declaration
        .mandates
        .iter()
        .map(|mandate| {
            let person = declaration.persons.get(&mandate.person);
            Line {
                person: mandate.person.as_str(),
                structure: mandate.structure.as_str(),
                role: mandate.role.as_str(),
                offers: mandate.offers.iter().map(ToString::to_string).collect(),
                perimeter: &mandate.perimeter,
                from: mandate.from.map(|day| day.to_string()),
                until: mandate.until.map(|day| day.to_string()),
                source: mandate.source.as_deref(),
                card: person.and_then(|person| person.card.as_ref()).map(|card| card.as_str()),
                firm: person.and_then(|person| person.firm.as_deref()),
            }
        })
        .collect();
    Ok(Json(paging.of(items)?).into_response())
}

pub(super) async fn sources(
    State(shared): State<Arc<Shared>>,
    Query(paging): Query<Paging>,
) -> Result<Response, ApiProblem> {
    #[derive(Serialize)]
    struct Line<'a> {
        name: &'a str,
        kind: &'a str,
        last_run: Option<Timestamp>,
        last_success: Option<Timestamp>,
        failure: Option<&'a crate::domain::observation::Problem>,
        seen: u64,
        error_count: u64,
        errors: Vec<ErrorLine<'a>>,
    }
    #[derive(Serialize)]
    struct ErrorLine<'a> {
        place: &'a str,
        reason: &'a str,
        message: &'a str,
    }
    let snapshot = shared.handle.snapshot();
    let items: Vec<Line<'_>> = snapshot
        .inventory
        .sources
        .iter()
        .map(|(name, state)| Line {
            name,
            kind: &state.kind,
            last_run: state.last_run,
            last_success: state.last_success,
            failure: state.failure.as_ref(),
            seen: state.seen,
            error_count: state.error_count,
            errors: state
                .errors
                .iter()
                .map(|error| ErrorLine {
                    place: &error.place,
                    reason: &error.problem.reason,
                    message: &error.problem.message,
                })
                .collect(),
        })
        .collect();
    Ok(Json(paging.of(items)?).into_response())
}

pub(super) async fn nodes(
    State(shared): State<Arc<Shared>>,
    Query(paging): Query<Paging>,
) -> Result<Response, ApiProblem> {
    #[derive(Serialize)]
    struct Line<'a> {
        node: &'a str,
        version: &'a str,
        started_at: Timestamp,
    }
    let snapshot = shared.handle.snapshot();
    let status = &snapshot.status;
    let node = Line { node: &status.node, version: status.version, started_at: status.started_at };
    Ok(Json(paging.of(vec![node])?).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// Only events after this sequence number.
    after: Option<i64>,
    action: Option<String>,
    object: Option<String>,
    actor: Option<String>,
    outcome: Option<String>,
    /// From this instant on, and before that one.
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    limit: Option<usize>,
    cursor: Option<i64>,
}

impl AuditQuery {
    fn filter(self) -> Result<AuditFilter, ApiProblem> {
        let unknown = |what: &str| ApiProblem::bad_request(format!("no such {what}"));
        if [&self.object, &self.actor].into_iter().any(|asked| asked.as_deref() == Some("")) {
            return Err(unknown("object or actor"));
        }
        Ok(AuditFilter {
            after: self.cursor.or(self.after).unwrap_or(0),
            action: self.action.map(|word| word.parse()).transpose().map_err(|_| unknown("action"))?,
            object: self.object,
            actor: self.actor,
            outcome: self.outcome.map(|word| word.parse()).transpose().map_err(|_| unknown("outcome"))?,
            since: self.since,
            until: self.until,
            limit: Paging::new(self.limit, None).limit()? as u32,
            order: AuditOrder::OldestFirst,
            ..AuditFilter::default()
        })
    }
}

pub(super) async fn audit(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, ApiProblem> {
    #[derive(Serialize)]
    struct Line {
        #[serde(flatten)]
        event: serde_json::Value,
        hash: String,
    }
    let filter = query.filter()?;
    let events = shared.store.audit(&filter).await.map_err(|error| store_problem(&error))?;
    let last = events.last().map(|(event, _)| event.seq).filter(|_| events.len() == filter.limit as usize);
    let head = shared.handle.snapshot().status.audit;
    let total = if filter.chooses() {
        shared.store.audit_count(&filter).await.map_err(|error| store_problem(&error))?
    } else {
        head.seq
    };
    let mut items = Vec::with_capacity(events.len());
    for (event, hash) in &events {
        // The canonical form is what the hash runs over; anybody can check one against the other.
        let event = serde_json::from_slice(&event.canonical()).map_err(|error| {
            tracing::error!(error = %error, "an audit event has no canonical form");
            ApiProblem::internal()
        })?;
        items.push(Line { event, hash: hash.to_string() });
    }
    let next_cursor = last.filter(|last| *last < head.seq).map(|last| last.to_string());
    Ok(Json(serde_json::json!({ "items": items, "next_cursor": next_cursor, "total": total, "head": head }))
        .into_response())
}

pub(super) async fn scan(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Query(_): Query<NoParameters>,
    body: Body,
) -> Result<Response, ApiProblem> {
    let NoParameters {} = asked::object(&shared, &caller, "/api/v1/scan", body).await?;
    let snapshot = shared.handle.snapshot();
    let (said, tz) = (texts(&snapshot, None), snapshot.config.timezone);
    let report = shared.handle.scan(caller).await.map_err(|refusal| ApiProblem::refused(refusal, &said, tz))?;
    Ok(Json(report).into_response())
}

pub(super) async fn reload(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<InWords>,
    body: Body,
) -> Result<Response, ApiProblem> {
    let NoParameters {} = asked::object(&shared, &caller, "/api/v1/reload", body).await?;
    let snapshot = shared.handle.snapshot();
    let (said, tz) = (texts(&snapshot, asked.lang), snapshot.config.timezone);
    let report = shared.handle.reload(caller).await.map_err(|refusal| ApiProblem::refused(refusal, &said, tz))?;
    Ok(Json(report).into_response())
}
