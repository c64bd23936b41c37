//! The local API, the pages, metrics, authentication. Handlers read a snapshot or nudge the engine; no SQL, no policy.

pub mod access;
mod alerts;
mod answer;
mod api;
mod asked;
mod calendar;
mod cards;
mod certificates;
mod crls;
mod findings;
mod guard;
mod metrics;
pub mod mirror;
mod paced;
mod page;
mod page_alerts;
mod page_cards;
mod paging;
mod problem;
mod refusals;
pub mod server;
mod session;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use crate::clock::SharedClock;
use crate::engine::Handle;
use crate::store::Store;
use access::Token;
use refusals::Refusals;
use session::Sessions;

/// What every handler may use.
pub struct Shared {
    /// The engine.
    pub handle: Handle,
    /// For the audit trail and the history only; everything else is in the snapshot.
    pub store: Store,
    /// The clock.
    pub clock: SharedClock,
    /// Bearer token of the TCP listener.
    pub token: Token,
    /// Effective uid of the daemon.
    pub own_uid: u32,
    sessions: Sessions,
    refusals: Refusals,
}

impl Shared {
    /// Joins what the composition root made.
    pub fn new(handle: Handle, store: Store, clock: SharedClock, token: Token, own_uid: u32) -> Arc<Self> {
        Arc::new(Self {
            handle,
            store,
            clock,
            token,
            own_uid,
            sessions: Sessions::default(),
            refusals: Refusals::default(),
        })
    }
}

/// Every route. The order of the layers is the order of trust: Host and Origin before routing, then who asks, then the handler.
pub fn router(shared: Arc<Shared>) -> Router {
    let gated = Router::new()
        .route("/", get(page::overview))
        .route("/certificates/{id}", get(page::certificate))
        .route("/metrics", get(metrics::metrics))
        .route("/calendar.ics", get(calendar::feed))
        .route("/openapi.json", get(api::openapi))
        .route("/api/v1/status", get(api::status))
        .route("/api/v1/certificates", get(certificates::list))
        .route("/api/v1/certificates/{id}", get(certificates::one))
        .route("/api/v1/structures", get(api::structures))
        .route("/api/v1/administrators", get(api::administrators))
        .route("/api/v1/cards", get(cards::list))
        .route("/api/v1/cards/{number}/oppose", post(crls::oppose))
        .route("/api/v1/cards/{number}/oppose/withdraw", post(crls::withdraw_opposition))
        .route("/api/v1/certificates/{id}/revocation", post(crls::revocation))
        .route("/api/v1/certificates/{id}/revocation/withdraw", post(crls::withdraw_revocation))
        .route("/api/v1/crls", get(crls::list))
        .route("/api/v1/crls/fetch", post(crls::fetch))
        .route("/api/v1/crls/import", post(crls::import))
        .route("/api/v1/crls/forget", post(crls::forget))
        .route("/api/v1/findings", get(findings::list))
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/forecast", get(alerts::forecast))
        .route("/api/v1/alerts/test", post(alerts::test))
        .route("/api/v1/alerts/{id}/ack", post(alerts::acknowledge))
        .route("/api/v1/deliveries", get(alerts::deliveries))
        .route("/api/v1/sources", get(api::sources))
        .route("/api/v1/audit", get(api::audit))
        .route("/api/v1/nodes", get(api::nodes))
        .route("/api/v1/scan", post(api::scan))
        .route("/api/v1/reload", post(api::reload))
        .route_layer(from_fn_with_state(Arc::clone(&shared), access::gate));
    Router::new()
        .route("/healthz", get(api::health))
        .route("/readyz", get(api::health))
        .route("/login", get(page::login_form).post(page::login))
        .route("/vigie.css", get(page::style))
        .merge(gated)
        .fallback(api::nothing_here)
        .method_not_allowed_fallback(api::another_method)
        .layer(from_fn_with_state(Arc::clone(&shared), guard::guard))
        .layer(from_fn(guard::harden))
        .with_state(shared)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// Pages for people are not part of the API.
    const PAGES: [&str; 4] = ["/", "/certificates/{id}", "/login", "/vigie.css"];

    #[test]
    fn the_description_names_every_route_and_no_other() {
        let served: BTreeSet<String> = include_str!("mod.rs")
            .split(".route(\"")
            .skip(1)
            .filter_map(|rest| rest.split_once('"').map(|(path, _)| path.to_owned()))
            .filter(|path| path.starts_with('/') && !PAGES.contains(&path.as_str()))
            .collect();
        let description: serde_json::Value = serde_json::from_str(include_str!("openapi.json")).expect("JSON");
        let described = description["paths"].as_object().expect("paths").keys().cloned().collect();
        assert_eq!(served, described);
    }
}
