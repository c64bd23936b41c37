//! Alerts, the messages that leave from them, and what will leave: `/api/v1/alerts…` and `/api/v1/deliveries`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use chrono::{NaiveDate, TimeZone as _};
use serde::{Deserialize, Serialize};

use super::Shared;
use super::access::note_refused_request;
use super::answer::{InWords, blocking, store_problem, texts};
use super::asked::{self, Id, Query, word};
use super::paging::{Page, Paging};
use super::problem::ApiProblem;
use crate::domain::alert::{Acknowledgement, Alert, AlertState, Audience, Said};
use crate::domain::delivery::{Delivery, DeliveryWord};
use crate::domain::finding::Severity;
use crate::domain::lang::Lang;
use crate::domain::notice::{EventId, Moment, NoticeKind};
use crate::domain::time::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::engine::{Caller, Leaving, forecast_of, speaking};
use crate::locale::Texts;
use crate::store::{DeliveryFilter, Told};

/// Resolved alerts given at the most.
const RESOLVED: u32 = 10_000;
/// A forecast reaches so far when nothing is asked, in days.
const YEAR: i64 = 366;
/// A forecast reaches so far at the most, in days.
const FARTHEST: i64 = 5 * YEAR;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertQuery {
    #[serde(default, deserialize_with = "word")]
    severity: Option<Severity>,
    code: Option<String>,
    /// A declared certificate.
    certificate: Option<String>,
    /// `true`: also those that are over.
    closed: Option<bool>,
    #[serde(default, deserialize_with = "word")]
    lang: Option<Lang>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// An alert in words.
#[derive(Debug, Serialize)]
pub(super) struct AlertLine<'a> {
    id: i64,
    code: &'a str,
    severity: Severity,
    subject: &'a str,
    title: String,
    text: String,
    certificate: Option<&'a str>,
    opened_at: Timestamp,
    end: Option<Timestamp>,
    /// `open`, `acknowledged` (in force), `fading`, `resolved`.
    state: &'static str,
    since: Option<Timestamp>,
    acknowledgement: Option<&'a Acknowledgement>,
    /// The widest audience that something of it was said to, once somebody took it.
    reached: Option<Audience>,
    /// Addresses and channels that took a message about it.
    told: Vec<String>,
    /// Those one is still to be sent to.
    waiting: Vec<String>,
    /// The alert that speaks for this one: who was told of it, or is to be, knows of this one.
    said_with: Option<i64>,
    said: &'a [Said],
}

/// Puts an alert into words; `told` is by the number of the alert.
fn line<'a>(
    alert: &'a Alert,
    told: &HashMap<i64, Told>,
    texts: &Texts,
    snapshot: &Snapshot,
    now: Timestamp,
) -> AlertLine<'a> {
    let speaker = speaking(&snapshot.alerts, alert);
    let told = told.get(&speaker.id).cloned().unwrap_or_default();
    let (state, since) = match &alert.state {
        AlertState::Acknowledged(_) if alert.is_acknowledged(now) => ("acknowledged", None),
        AlertState::Open | AlertState::Acknowledged(_) => ("open", None),
        AlertState::Fading { since, .. } => ("fading", Some(*since)),
        AlertState::Resolved { at } => ("resolved", Some(*at)),
    };
    AlertLine {
        id: alert.id,
        code: &alert.key().code,
        severity: alert.finding.severity,
        subject: &alert.key().subject,
        title: texts.finding_title(&alert.key().code),
        text: texts.finding_text(&alert.finding, now, snapshot.config.timezone),
        certificate: alert.finding.get("id"),
        opened_at: alert.opened_at,
        end: alert.end,
        state,
        since,
        acknowledgement: alert.acknowledgement(),
        reached: speaker.reached.filter(|_| !told.told.is_empty()),
        told: told.told.into_iter().collect(),
        waiting: told.waiting.into_iter().collect(),
        said_with: Some(speaker.id).filter(|id| *id != alert.id),
        said: &alert.said,
    }
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<AlertQuery>,
) -> Result<Response, ApiProblem> {
    let snapshot = shared.handle.snapshot();
    let now = shared.clock.now();
    let texts = texts(&snapshot, query.lang);
    let past = match query.closed {
        Some(true) => {
            let since = Timestamp::from_unix(0);
            shared.store.resolved_alerts(since, RESOLVED).await.map_err(|error| store_problem(&error))?
        }
        Some(false) | None => Vec::new(),
    };
    let least = query.severity.unwrap_or(Severity::Info);
    let mut alerts: Vec<&Alert> = snapshot
        .alerts
        .values()
        .chain(&past)
        .filter(|alert| alert.finding.severity >= least)
        .filter(|alert| query.code.as_deref().is_none_or(|code| code == alert.key().code))
        .filter(|alert| query.certificate.as_deref().is_none_or(|id| alert.finding.get("id") == Some(id)))
        .collect();
    alerts.sort_by_key(|alert| {
        let over = matches!(alert.state, AlertState::Resolved { .. });
        let end = alert.end.map_or(i64::MAX, Timestamp::unix);
        (over, std::cmp::Reverse(alert.finding.severity), end, alert.id)
    });
    let key = |alert: &&Alert| alert.id.to_string();
    let Page { items, next_cursor, total } =
        Paging::new(query.limit, query.cursor).cut(&alerts, key, |alert| *alert)?;
    let mut numbers: Vec<i64> = items.iter().map(|alert| speaking(&snapshot.alerts, alert).id).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let told = shared.store.told(&numbers).await.map_err(|error| store_problem(&error))?;
    let items: Vec<AlertLine<'_>> = items.into_iter().map(|alert| line(alert, &told, &texts, &snapshot, now)).collect();
    Ok(Json(Page { items, next_cursor, total }).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveryQuery {
    #[serde(default, deserialize_with = "word")]
    state: Option<DeliveryWord>,
    channel: Option<String>,
    /// Number of an alert.
    alert: Option<i64>,
    limit: Option<usize>,
    cursor: Option<i64>,
}

pub(super) async fn deliveries(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Response, ApiProblem> {
    #[derive(Serialize)]
    struct Line {
        id: EventId,
        kind: &'static str,
        channel: String,
        address: String,
        created_at: Timestamp,
        state: DeliveryWord,
        at: Option<Timestamp>,
        next_at: Option<Timestamp>,
        attempts: u32,
        reason: Option<String>,
        answer: Option<String>,
        alerts: i64,
    }
    let limit = Paging::new(query.limit, None).limit()?;
    let filter = DeliveryFilter {
        before: query.cursor,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
        state: query.state,
        channel: query.channel,
        alert: query.alert,
    };
    let (found, total) = shared.store.deliveries(&filter).await.map_err(|error| store_problem(&error))?;
    let next_cursor = (found.len() == limit).then(|| found.last().map(|last| last.number.to_string())).flatten();
    let line = |delivery: Delivery, alerts| Line {
        id: delivery.id,
        kind: match delivery.kind {
            NoticeKind::Alerts => "alerts",
            NoticeKind::Digest(_) => "digest",
            NoticeKind::ChannelFailed { .. } => "channel_failed",
            NoticeKind::Test => "test",
        },
        state: delivery.state.word(),
        at: delivery.state.at(),
        next_at: delivery.state.due(),
        reason: delivery.state.failure().map(|failure| failure.reason.clone()),
        answer: match &delivery.state {
            crate::domain::delivery::DeliveryState::Delivered { answer, .. } => Some(answer.clone()),
            state => state.failure().map(|failure| failure.answer.clone()),
        },
        channel: delivery.channel,
        address: delivery.address,
        created_at: delivery.created_at,
        attempts: delivery.attempts,
        alerts,
    };
    let items: Vec<Line> = found.into_iter().map(|listed| line(listed.delivery, listed.items)).collect();
    Ok(Json(serde_json::json!({ "items": items, "next_cursor": next_cursor, "total": total })).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AckBody {
    /// A day, included, or an instant.
    until: String,
    reason: String,
}

pub(super) async fn acknowledge(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Id(id): Id,
    Query(query): Query<InWords>,
    body: Body,
) -> Result<Response, ApiProblem> {
    let snapshot = shared.handle.snapshot();
    let texts = texts(&snapshot, query.lang);
    let path = format!("/api/v1/alerts/{id}/ack");
    let note = |problem: &ApiProblem| note_refused_request(&shared, &caller, &path, problem);
    let asked: AckBody = asked::object(&shared, &caller, &path, body).await?;
    let until = until(&asked.until, snapshot.config.timezone, &texts).inspect_err(note)?;
    let unknown = || ApiProblem::not_found(texts.word("refused-alert-not-open"));
    let id = id.parse().map_err(|_| unknown()).inspect_err(note)?;
    let taken = shared.handle.acknowledge(caller.clone(), id, until, asked.reason).await;
    let alert = taken.map_err(|refusal| ApiProblem::refused(refusal, &texts, snapshot.config.timezone))?;
    let speaker = speaking(&snapshot.alerts, &alert).id;
    let told = shared.store.told(&[speaker]).await.map_err(|error| store_problem(&error))?;
    Ok(Json(line(&alert, &told, &texts, &snapshot, shared.clock.now())).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TestBody {
    #[serde(default)]
    to: Vec<String>,
}

pub(super) async fn test(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<InWords>,
    body: Body,
) -> Result<Response, ApiProblem> {
    let asked: TestBody = asked::object(&shared, &caller, "/api/v1/alerts/test", body).await?;
    let snapshot = shared.handle.snapshot();
    let texts = texts(&snapshot, query.lang);
    let tested = shared.handle.test_alerts(caller, asked.to).await;
    let items = tested.map_err(|refusal| ApiProblem::refused(refusal, &texts, snapshot.config.timezone))?;
    let total = items.len();
    Ok(Json(serde_json::json!({ "items": items, "total": total })).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForecastQuery {
    /// A day, included.
    until: Option<String>,
    #[serde(default, deserialize_with = "word")]
    lang: Option<Lang>,
}

pub(super) async fn forecast(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<ForecastQuery>,
) -> Result<Response, ApiProblem> {
    #[derive(Serialize)]
    struct Line {
        /// The day it leaves, in the configured zone.
        day: String,
        at: Timestamp,
        /// `alerts` or `digest`, whose words nobody knows yet.
        kind: &'static str,
        channel: String,
        address: String,
        items: Vec<Item>,
    }
    #[derive(Serialize)]
    struct Item {
        moment: Moment,
        severity: Severity,
        code: String,
        subject: String,
        end: Option<Timestamp>,
    }
    let snapshot = shared.handle.snapshot();
    let (now, timezone) = (shared.clock.now(), snapshot.config.timezone);
    let texts = texts(&snapshot, query.lang);
    let last = match &query.until {
        Some(text) => until(text, timezone, &texts)?.plus_seconds(-1),
        None => now.plus_days(YEAR),
    };
    if last > now.plus_days(FARTHEST) {
        return Err(ApiProblem::bad_request(texts.say("refused-until", &[("days", FARTHEST.to_string().into())])));
    }
    let line = move |leaving: Leaving| Line {
        day: day(leaving.at, timezone),
        at: leaving.at,
        kind: if leaving.items.is_empty() { "digest" } else { "alerts" },
        channel: leaving.route.0,
        address: leaving.route.1,
        items: leaving
            .items
            .into_iter()
            .map(|item| Item {
                moment: item.moment,
                severity: item.severity,
                code: item.key.code.to_string(),
                subject: item.key.subject.to_string(),
                end: item.end,
            })
            .collect(),
    };
    let items: Vec<Line> = blocking(move || forecast_of(&snapshot, now, last).into_iter().map(line).collect()).await?;
    let total = items.len();
    Ok(Json(serde_json::json!({ "until": last, "items": items, "total": total })).into_response())
}

/// A day, whose end is meant, or an instant.
fn until(text: &str, timezone: chrono_tz::Tz, texts: &Texts) -> Result<Timestamp, ApiProblem> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let wrong = || ApiProblem::bad_request(texts.word("refused-date"));
    let day: NaiveDate = text.parse().map_err(|_| wrong())?;
    let midnight = day.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0)).ok_or_else(wrong)?;
    // Where midnight does not exist the day begins later: an hour is enough.
    let at = timezone.from_local_datetime(&midnight).earliest();
    let at = at.or_else(|| timezone.from_local_datetime(&(midnight + chrono::TimeDelta::hours(1))).earliest());
    at.map(|at| Timestamp::from_unix(at.timestamp())).ok_or_else(wrong)
}

fn day(at: Timestamp, timezone: chrono_tz::Tz) -> String {
    at.to_chrono()
        .map_or_else(String::new, |utc| timezone.from_utc_datetime(&utc.naive_utc()).format("%Y-%m-%d").to_string())
}
