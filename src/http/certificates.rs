//! `/api/v1/certificates`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::Shared;
use super::answer::{InWords, blocking, store_problem, texts};
use super::asked::{Id, Query, word};
use super::findings::{Judged, judged};
use super::paging::Paging;
use super::problem::ApiProblem;
use crate::domain::offer::{Offer, UnknownWord, Usage};
use crate::domain::time::Timestamp;
use crate::engine::listing::{Entry, Listing, Row, Validity};
use crate::engine::snapshot::Snapshot;
use crate::store::Interval;

/// Filters of the list. Each narrows; none given means every watched certificate.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// `true`: also public authorities and whatever else was found.
    all: Option<bool>,
    declared: Option<bool>,
    structure: Option<String>,
    #[serde(default, deserialize_with = "word")]
    offer: Option<Offer>,
    #[serde(default, deserialize_with = "word")]
    usage: Option<Usage>,
    #[serde(default, deserialize_with = "validity")]
    validity: Option<Validity>,
    /// Only certificates whose end is at most so many days away.
    within_days: Option<i64>,
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(filter): Query<Filter>,
) -> Result<Response, ApiProblem> {
    let snapshot = shared.handle.snapshot();
    let now = shared.clock.now();
    let page = blocking(move || {
        let listing = snapshot.listing(now);
        let rows: Vec<&Row> =
            listing.rows.iter().filter(|row| wanted(row, &listing, &snapshot, &filter, now)).collect();
        let paging = Paging::new(filter.limit, filter.cursor);
        let page = paging.cut(&rows, |row| row.id(), |row| listing.entry(row, &snapshot, now))?;
        Ok::<_, ApiProblem>(Json(page).into_response())
    });
    page.await?
}

/// One certificate with its findings in words and its whole history.
#[derive(Debug, Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    entry: Entry<'a>,
    judged: Vec<Judged<'a>>,
    history: Vec<Past>,
}

/// A place a certificate is or was in.
#[derive(Debug, Serialize)]
struct Past {
    location: String,
    first_seen: Timestamp,
    /// `null` while it is there.
    last_seen: Option<Timestamp>,
}

impl From<Interval> for Past {
    fn from(interval: Interval) -> Self {
        let Interval { location, first_seen, last_seen, .. } = interval;
        Self { location: location.to_string(), first_seen, last_seen }
    }
}

pub(super) async fn one(
    State(shared): State<Arc<Shared>>,
    Id(id): Id,
    Query(query): Query<InWords>,
) -> Result<Response, ApiProblem> {
    let snapshot = shared.handle.snapshot();
    let now = shared.clock.now();
    let listing = {
        let snapshot = Arc::clone(&snapshot);
        blocking(move || snapshot.listing(now)).await?
    };
    let row = listing.find(&id).ok_or_else(|| ApiProblem::not_found(format!("no certificate {id:?}")))?;
    let history = match row.fingerprint {
        Some(fingerprint) => {
            let places = row.places.iter().map(|place| &place.location);
            let intervals = shared.store.history(&fingerprint, places).await.map_err(|error| store_problem(&error))?;
            intervals.into_iter().map(Past::from).collect()
        }
        None => Vec::new(),
    };
    let texts = texts(&snapshot, query.lang);
    let judged =
        listing.findings(row, &snapshot).into_iter().map(|record| judged(record, &texts, &snapshot, now)).collect();
    Ok(Json(Whole { entry: listing.entry(row, &snapshot, now), judged, history }).into_response())
}

fn wanted(row: &Row, listing: &Listing, snapshot: &Snapshot, filter: &Filter, now: Timestamp) -> bool {
    if !(row.watched || filter.all == Some(true))
        || filter.declared.is_some_and(|wanted| wanted != row.declared.is_some())
    {
        return false;
    }
    let narrow = filter.structure.is_some()
        || filter.offer.is_some()
        || filter.usage.is_some()
        || filter.validity.is_some()
        || filter.within_days.is_some();
    if !narrow {
        return true;
    }
    let entry = listing.entry(row, snapshot, now);
    let profile = entry.profile;
    let offer = entry.offer.or_else(|| profile.and_then(|profile| profile.offer));
    let usage = entry.usage.or_else(|| profile.and_then(|profile| profile.usage));
    filter.structure.as_deref().is_none_or(|wanted| entry.structure.is_some_and(|id| id.as_str() == wanted))
        && filter.offer.is_none_or(|wanted| offer == Some(wanted))
        && filter.usage.is_none_or(|wanted| usage == Some(wanted))
        && filter.validity.is_none_or(|wanted| entry.validity == wanted)
        && filter.within_days.is_none_or(|days| entry.days_left.is_some_and(|left| left <= days))
}

fn validity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Validity>, D::Error> {
    let found = String::deserialize(deserializer)?;
    Validity::ALL.into_iter().find(|validity| validity.as_str() == found).map(Some).ok_or_else(|| {
        let allowed = Validity::ALL.map(Validity::as_str).join(", ");
        D::Error::custom(UnknownWord { what: "validity", found, allowed })
    })
}
