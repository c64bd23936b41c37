//! The dates of a snapshot: ends of certificates, cards, mandates and revocation lists, and the yearly term of each contract.

use super::card_listing::{self, CardEntry};
use super::snapshot::Snapshot;
use crate::domain::certificate::Certificate;
use crate::domain::crl::{CrlName, CrlState};
use crate::domain::lang::Lang;
use crate::domain::person::Role;
use crate::domain::time::Timestamp;
use crate::notify::calendar::{Entry, Kind, When, feed};
use crate::notify::render::Renderer;

/// The whole feed as RFC 5545 text. Call it where blocking is allowed.
pub fn calendar(snapshot: &Snapshot, lang: Option<Lang>, now: Timestamp) -> String {
    let renderer = Renderer::new(lang.unwrap_or(snapshot.config.lang), snapshot.config.timezone);
    let mut entries = certificates(snapshot, now);
    entries.extend(cards(snapshot, now));
    entries.extend(lists(snapshot));
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
                kind: if facts.profile.is_igc_sante() { Kind::Certificate } else { Kind::ForeignCertificate },
                label: label.unwrap_or(id),
                impacts: declared.map(|declared| declared.impacts.clone()).unwrap_or_default(),
                when: When::At(facts.end(), steps),
            })
        })
        .collect()
}

/// Those whose end is known, by whoever holds them: the number of a card stands for a person.
fn cards(snapshot: &Snapshot, now: Timestamp) -> Vec<Entry> {
    let steps = &snapshot.config.policy.thresholds;
    let cards = card_listing::cards(&snapshot.inventory, &snapshot.findings, now);
    let entry = |card: &CardEntry<'_>| {
        let end = card.end?;
        let last = card.number.and_then(|number| number.get(number.len().checked_sub(4)?..)).unwrap_or_default();
        let of = card.holder.or(card.assigned_to).or(card.service);
        let of = of.map_or_else(|| format!("…{last}"), str::to_owned);
        Some(Entry {
            subject: format!("card:{}", card.id),
            kind: Kind::Card,
            label: format!("{} {of}", card.kind_name()).trim().to_owned(),
            impacts: Vec::new(),
            when: When::At(end, steps.iter().map(|step| step.begins(end, end)).collect()),
        })
    };
    cards.iter().filter_map(entry).collect()
}

/// The window of each list that is followed, with an alarm where the alert for it begins.
fn lists(snapshot: &Snapshot) -> Vec<Entry> {
    let near = i64::try_from(snapshot.config.policy.crl_near_stale.as_secs()).unwrap_or(0);
    let lists = snapshot.inventory.revocation.lists.iter().filter(|(_, state)| state.followed);
    let entry = |(name, state): (&CrlName, &CrlState)| {
        let end = state.held.as_ref()?.next_update?;
        Some(Entry {
            subject: format!("crl:{name}"),
            kind: Kind::Crl,
            label: state.label().to_string(),
            impacts: Vec::new(),
            when: When::At(end, vec![end.plus_seconds(-near)]),
        })
    };
    lists.filter_map(entry).collect()
}
