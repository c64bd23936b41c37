//! Metrics about revocation: the generic ones by the names of x509-certificate-exporter.

use super::{Metrics, label};
use crate::domain::crl::{CrlName, CrlState, Held};
use crate::domain::distinguished_name;
use crate::domain::time::Timestamp;
use crate::engine::listing::{Entry, Row};
use crate::engine::snapshot::Snapshot;

/// `None`: nothing to say of this list.
type OfList = fn(&CrlState, &Held, Timestamp) -> Option<i64>;

pub(super) fn render(page: &mut Metrics, snapshot: &Snapshot, entries: &[(&Row, Entry<'_>)], now: Timestamp) {
    let known = &snapshot.inventory.revocation;
    let followed = || known.lists.iter().filter(|(_, state)| state.followed);
    let generic: [(&str, &str, OfList); 6] = [
        ("x509_crl_this_update", "thisUpdate of the list, seconds since 1970.", |_, held, _| {
            Some(held.this_update.unix())
        }),
        ("x509_crl_next_update", "nextUpdate of the list, seconds since 1970; 0 when it says none.", |_, held, _| {
            Some(held.next_update.map_or(0, Timestamp::unix))
        }),
        ("x509_crl_number", "cRLNumber; nothing for a list without one, or of more than 63 bits.", |_, held, _| {
            held.number.as_deref()?.parse().ok()
        }),
        ("x509_crl_stale", "1 when the list is past its nextUpdate, or says none.", |state, _, now| {
            Some(i64::from(state.is_stale(now)))
        }),
        ("x509_crl_stale_in_seconds", "Seconds to nextUpdate, negative after it.", |_, held, now| {
            Some(held.next_update.map_or(0, |next| next.unix() - now.unix()))
        }),
        ("x509_crl_fresh_since_seconds", "Seconds since thisUpdate.", |_, held, now| {
            Some(now.unix() - held.this_update.unix())
        }),
    ];
    for (name, help, value) in generic {
        page.family(name, "gauge", help);
        for (list, state) in followed() {
            let Some(value) = state.held.as_ref().and_then(|held| value(state, held, now)) else { continue };
            page.with_labels(name, &labels(snapshot, list, state), value);
        }
    }
    page.family("vigie_crl_available", "gauge", "1 when a list is held that is not stale.");
    for (list, state) in followed() {
        let available = state.held.is_some() && !state.is_stale(now);
        page.with_labels("vigie_crl_available", &labels(snapshot, list, state), i64::from(available));
    }
    page.family("vigie_crl_entries", "gauge", "Entries of the list that is held.");
    for (list, state) in followed() {
        let entries = state.held.as_ref().map_or(0, |held| i64::try_from(held.entries).unwrap_or(i64::MAX));
        page.with_labels("vigie_crl_entries", &labels(snapshot, list, state), entries);
    }
    page.family(
        "vigie_crl_last_success_timestamp_seconds",
        "gauge",
        "Last time the list was had, or found unchanged; 0 for never.",
    );
    for (list, state) in followed() {
        let at = state.last_success.map_or(0, Timestamp::unix);
        page.with_labels("vigie_crl_last_success_timestamp_seconds", &labels(snapshot, list, state), at);
    }
    page.family("vigie_crl_failures", "gauge", "Failures in a row since the list was had last.");
    for (list, state) in followed() {
        let count = state.failure.as_ref().map_or(0, |failure| i64::from(failure.count));
        page.with_labels("vigie_crl_failures", &labels(snapshot, list, state), count);
    }
    page.family(
        "vigie_crl_fetch_time_seconds",
        "summary",
        "What it took to ask for lists and take them in, without the wait for their turn, since the start.",
    );
    page.times("vigie_crl_fetch_time_seconds", "had", snapshot.list_times.had);
    page.times("vigie_crl_fetch_time_seconds", "failed", snapshot.list_times.failed);
    page.family("vigie_certificate_revoked", "gauge", "1 when the certificate, or an authority above it, is revoked.");
    for (_, entry) in entries.iter().filter(|(_, entry)| entry.revocation.is_some()) {
        let revoked = i64::from(entry.revocation == Some("revoked"));
        page.sample("vigie_certificate_revoked", &[("id", &entry.id)], revoked);
    }
    page.family(
        "vigie_certificate_revocation_unknown",
        "gauge",
        "1 when it is unknown whether the certificate is revoked.",
    );
    for (_, entry) in entries.iter().filter(|(_, entry)| entry.revocation.is_some()) {
        let unknown = i64::from(entry.revocation == Some("unknown"));
        page.sample("vigie_certificate_revocation_unknown", &[("id", &entry.id)], unknown);
    }
    page.family(
        "vigie_revocation_checked_timestamp_seconds",
        "gauge",
        "When the lists were last asked about the certificates; 0 before.",
    );
    page.sample("vigie_revocation_checked_timestamp_seconds", &[], known.judged_at.map_or(0, Timestamp::unix));
    page.family("vigie_revocation_awaited", "gauge", "Oppositions and requested revocations no list says yet.");
    let awaited = known.awaited.iter().filter(|awaited| awaited.seen.is_none()).count();
    page.sample("vigie_revocation_awaited", &[], i64::try_from(awaited).unwrap_or(i64::MAX));
}

/// The labels of x509-certificate-exporter: issuer, number, file; the address; and the name it is kept under, which no two lists share.
fn labels(snapshot: &Snapshot, list: &CrlName, state: &CrlState) -> Vec<(&'static str, String)> {
    let number = state.held.as_ref().and_then(|held| held.number.as_deref()).unwrap_or_default();
    let mut labels = vec![("crl_number", number.to_owned()), ("crl_url", state.label().to_string())];
    labels.push(("name", list.to_string()));
    labels.push(("delta", state.delta.to_string()));
    labels.push(("filepath", snapshot.config.state_dir.join("crls").display().to_string()));
    for attribute in ["C", "ST", "L", "O", "OU", "CN"] {
        if let Some(value) = distinguished_name::attribute(&state.issuer, attribute) {
            labels.push((label("issuer", attribute), value.into_owned()));
        }
    }
    labels
}
