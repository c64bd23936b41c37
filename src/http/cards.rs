//! `/api/v1/cards`: declared and found, page by page, with the readers as they stand. `since` waits for the next change.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use super::asked::Query;
use super::paging::Paging;
use super::problem::ApiProblem;
use crate::domain::found_card::ChipSerial;
use crate::engine::card_listing::{self, CardEntry};
use crate::engine::snapshot::Snapshot;

/// How long an answer may be held back: less than what proxies and clients give up after.
const LONGEST_HOLD: Duration = Duration::from_secs(25);

/// Which cards. Each filter narrows; the readers come along whole.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardQuery {
    /// `revision` of the answer before: this one comes when there is another, or after 25 s.
    since: Option<u64>,
    declared: Option<bool>,
    present: Option<bool>,
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<CardQuery>,
) -> Result<Response, ApiProblem> {
    let paging = Paging::new(query.limit, query.cursor);
    // What is wrong with a question is told at once, not after a wait.
    paging.limit()?;
    if let Some(since) = query.since {
        let is_news = |snapshot: &Snapshot| snapshot.card_revision() != since;
        // Held back for as long as nothing moves; the answer is the same either way.
        tokio::time::timeout(LONGEST_HOLD, shared.handle.wait_until(is_news)).await.ok();
    }
    let snapshot = shared.handle.snapshot();
    let mut cards = card_listing::cards(&snapshot.inventory, &snapshot.findings, shared.clock.now());
    cards.retain(|card| {
        query.declared.is_none_or(|wanted| card.declared == wanted)
            && query.present.is_none_or(|wanted| card.present == wanted)
    });
    // Two chips may have one number.
    let key = |card: &CardEntry<'_>| format!("{}/{}", card.id, card.chip_serial.map_or("", ChipSerial::as_str));
    let page = paging.cut(&cards, key, |card| json!(card))?;
    Ok(Json(json!({
        "items": page.items,
        "next_cursor": page.next_cursor,
        "total": page.total,
        "revision": snapshot.card_revision(),
        "readers": snapshot.readers,
    }))
    .into_response())
}
