//! The dates of a snapshot: ends of certificates, of mandates, and the yearly term of each contract. Cards and revocation lists join
//! them when their ends are known.

use super::snapshot::Snapshot;
use crate::domain::certificate::Certificate;
use crate::domain::lang::Lang;
use crate::domain::person::Role;
use crate::domain::time::Timestamp;
use crate::notify::calendar::{Entry, Kind, When, feed};
use crate::notify::render::Renderer;

/// The whole feed as RFC 5545 text. Call it where blocking is allowed.
pub fn calendar(snapshot: &Snapshot, lang: Option<Lang>, now: Timestamp) -> String {
    let renderer = Renderer::new(lang.unwrap_or(snapshot.config.lang), snapshot.config.timezone);
    let mut entries = certificates(snapshot, now);
    let declaration = &snapshot.inventory.declaration;
    for mandate in &declaration.mandates {
        if let Some(until) = mandate.until.filter(|_| mandate.role != Role::Contact) {
            let name = format!("{}/{}/{}", mandate.person, mandate.structure, mandate.role);
            entries.push(Entry {
                subject: format!("mandate:{name}"),
                kind: Kind::Mandate,
                label: name,
                impacts: Vec::new(),
                when: When::On(until),
            });
        }
    }
    for structure in declaration.structures.values() {
        if let Some(began) = structure.contract_date {
            entries.push(Entry {
                subject: format!("contract:{}", structure.id),
                kind: Kind::Contract,
                label: structure.name.clone(),
                impacts: Vec::new(),
                when: When::EveryYearSince(began),
            });
        }
    }
    feed(&entries, &snapshot.config.node, now, &renderer)
}

/// Those that are declared or ours, in the order of the list.
fn certificates(snapshot: &Snapshot, now: Timestamp) -> Vec<Entry> {
    let inventory = &snapshot.inventory;
    let listing = snapshot.listing(now);
    let watched = listing.rows.iter().filter(|row| row.watched);
    watched
        .filter_map(|row| {
            let facts: &Certificate = &inventory.certificates.get(&row.fingerprint?)?.facts;
            let declared = row.declared.as_ref().and_then(|id| inventory.declaration.certificates.get(id));
            let thresholds = snapshot.config.policy.steps(declared);
            let steps = thresholds.iter().map(|step| step.begins(facts.not_before, facts.end())).collect();
            let id = row.id();
            // A person's certificate is known by its fingerprint: a calendar is read by many.
            let label = id.strip_prefix("sha256:").and_then(|hex| hex.get(..16)).map(|hex| format!("sha256:{hex}…"));
            Some(Entry {
                subject: if declared.is_some() { format!("certificate:{id}") } else { id.clone() },
                kind: Kind::Certificate,
                label: label.unwrap_or(id),
                impacts: declared.map(|declared| declared.impacts.clone()).unwrap_or_default(),
                when: When::At(facts.end(), steps),
            })
        })
        .collect()
}
