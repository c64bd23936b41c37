//! Errors on the wire: `application/problem+json` (RFC 9457) with a stable `reason`.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono_tz::Tz;
use serde::Serialize;

use crate::engine::{AckRefusal, NotHad, Refusal};
use crate::locale::Texts;

/// A refusal as the client sees it. Internals are logged where they happen, never returned.
#[derive(Debug, Clone, Serialize)]
pub struct ApiProblem {
    /// RFC 9457 section 3.1.3.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub reason: &'static str,
    /// One line for a person.
    pub detail: String,
    /// The separate mistakes, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<String>,
    /// What is only odd beside them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl ApiProblem {
    /// A problem without separate mistakes.
    pub fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            title: status.canonical_reason().unwrap_or("error"),
            status: status.as_u16(),
            reason,
            detail: detail.into(),
            mistakes: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Nothing by that name.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", what)
    }

    /// A parameter that cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// Nobody was recognised.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "give the token of http.token_file as `Authorization: Bearer …`, or use the Unix socket",
        )
    }

    /// Something of ours went wrong; the log says what.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the service could not answer; its log says why")
    }

    /// Recognised, and not allowed.
    pub fn forbidden(reason: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, reason, detail)
    }
}

impl ApiProblem {
    /// What the engine did not do, in the words of `texts` and the days of `tz`.
    pub fn refused(refusal: Refusal, texts: &Texts, tz: Tz) -> Self {
        let status = match refusal {
            Refusal::Configuration { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::Acknowledgement(AckRefusal::NotOpen) => StatusCode::NOT_FOUND,
            Refusal::Acknowledgement(AckRefusal::NotAdministrator { .. } | AckRefusal::TooNear) => {
                StatusCode::FORBIDDEN
            }
            Refusal::Acknowledgement(_) | Refusal::UnknownAddress => StatusCode::BAD_REQUEST,
            Refusal::NoChannel => StatusCode::CONFLICT,
            Refusal::Store(_) | Refusal::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::NoSuchList(_) | Refusal::NotAwaited(_) => StatusCode::NOT_FOUND,
            Refusal::SeveralLists(_) => StatusCode::CONFLICT,
            Refusal::Disk(_) => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Lists(_) | Refusal::Opposition(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let detail = match &refusal {
            Refusal::Configuration { mistakes, .. } => {
                texts.say("refused-configuration", &[("count", mistakes.len().into())])
            }
            Refusal::Store(why) => texts.say("refused-store", &[("why", why.as_str().into())]),
            Refusal::Acknowledgement(AckRefusal::NotOpen) => texts.word("refused-alert-not-open"),
            Refusal::Acknowledgement(AckRefusal::Reason) => texts.word("refused-alert-reason"),
            Refusal::Acknowledgement(AckRefusal::Past) => texts.word("refused-alert-past"),
            Refusal::Acknowledgement(AckRefusal::TooLate { latest }) => {
                texts.say("refused-alert-too-late", &[("latest", texts.date_time(*latest, tz).into())])
            }
            Refusal::Acknowledgement(AckRefusal::NotAdministrator { latest }) => {
                texts.say("refused-alert-not-administrator", &[("latest", texts.date_time(*latest, tz).into())])
            }
            Refusal::Acknowledgement(AckRefusal::TooNear) => texts.word("refused-alert-too-near"),
            Refusal::NoChannel => texts.word("refused-no-channel"),
            Refusal::UnknownAddress => texts.word("refused-unknown-address"),
            Refusal::Stopping => texts.word("refused-stopping"),
            Refusal::Lists(_)
            | Refusal::NoSuchList(_)
            | Refusal::NotAwaited(_)
            | Refusal::SeveralLists(_)
            | Refusal::Disk(_)
            | Refusal::Opposition(_) => refusal.to_string(),
        };
        let problem = Self::new(status, refusal.reason(), detail);
        match refusal {
            Refusal::Configuration { mistakes, warnings } => Self { mistakes, warnings, ..problem },
            Refusal::Lists(failed) if failed.len() > 1 => {
                let line = |(from, reason, message): NotHad| format!("{from}: {message} ({reason})");
                Self { mistakes: failed.into_iter().map(line).collect(), ..problem }
            }
            _ => problem,
        }
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let problem = header::HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The answer to a request that took too long.
pub(super) fn timed_out() -> Response {
    ApiProblem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", "the answer took too long; what was asked may still go on")
        .into_response()
}
