//! `/api/v1/cards`: declared and found, with the readers as they stand. `since` waits for the next change.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use super::asked::Query;
use crate::engine::card_listing;

/// How long an answer may be held back: less than what proxies and clients give up after.
const LONGEST_HOLD: Duration = Duration::from_secs(25);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardQuery {
    /// `revision` of the answer before: this one comes when there is another, or after 25 s.
    since: Option<u64>,
}

pub(super) async fn list(State(shared): State<Arc<Shared>>, Query(query): Query<CardQuery>) -> Response {
    if let Some(since) = query.since {
        let is_news = |snapshot: &crate::engine::snapshot::Snapshot| snapshot.card_revision() != since;
        // Held back for as long as nothing moves; the answer is the same either way.
        tokio::time::timeout(LONGEST_HOLD, shared.handle.wait_until(is_news)).await.ok();
    }
    let snapshot = shared.handle.snapshot();
    let items = card_listing::cards(&snapshot.inventory, &snapshot.findings, shared.clock.now());
    Json(json!({
        "items": items,
        "next_cursor": null,
        "total": items.len(),
        "revision": snapshot.card_revision(),
        "readers": snapshot.readers,
    }))
    .into_response()
}
