//! `GET /calendar.ics`: every end as a calendar to subscribe to.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::answer::{InWords, blocking};
use super::asked::Query;
use super::problem::ApiProblem;
use crate::engine::calendar::calendar;

pub(super) async fn feed(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<InWords>,
) -> Result<Response, ApiProblem> {
    let snapshot = shared.handle.snapshot();
    let now = shared.clock.now();
    let text = blocking(move || calendar(&snapshot, asked.lang, now)).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"vigie.ics\""),
    ];
    Ok((headers, text).into_response())
}
