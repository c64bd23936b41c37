//! Cards as lists show them: those that are declared, then those that were found without being declared.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::snapshot::OpenFindings;
use crate::domain::card::{CardHolder, CardKind};
use crate::domain::declaration::NamedCard;
use crate::domain::finding::Severity;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::found_card::{CardFacts, CardGeneration, ChipSerial, CodeTries, FoundCard, NumberSource};
use crate::domain::identifier::CardNumber;
use crate::domain::inventory::Inventory;
use crate::domain::observation::Problem;
use crate::domain::offer::{Offer, Usage};
use crate::domain::person::DeclaredId;
use crate::domain::profile::{Environment, StructureRef};
use crate::domain::time::Timestamp;

/// A card, as the API gives it. It names persons by register id alone.
#[derive(Debug, Serialize)]
pub struct CardEntry<'a> {
    /// Its number, or `@` and the serial number of its chip where it does not say one.
    pub id: String,
    /// The number printed on it.
    pub number: Option<&'a str>,
    /// Where the number was read; `null` for a card that was never seen.
    pub number_from: Option<NumberSource>,
    /// Whether the declaration names it, in a table of its own or as the card of a person.
    pub declared: bool,
    /// Declared kind.
    pub kind: Option<CardKind>,
    /// What its certificates say: CDE and CPE, CDA and CPA are not told apart there.
    pub family: Option<Offer>,
    /// Nominative, or *de service*: as read, else as declared.
    pub service_card: bool,
    /// Declared holder, by register id.
    pub holder: Option<&'a str>,
    /// Declared service of a card *de service*.
    pub service: Option<&'a str>,
    /// Whom a card *de service* is assigned to.
    pub assigned_to: Option<&'a str>,
    /// Declared structure.
    pub structure: Option<&'a str>,
    /// The structure its certificates name.
    pub structure_number: Option<&'a StructureRef>,
    /// Production or TEST, by its certificates.
    pub environment: Option<Environment>,
    /// It is in a reader now.
    pub present: bool,
    /// The readers it is in, or the last one it was in.
    pub readers: Vec<&'a str>,
    /// First seen here; `null` for a card that never was.
    pub first_seen: Option<Timestamp>,
    /// Not seen since; `null` while it is there, and for a card that never was.
    pub not_seen_since: Option<Timestamp>,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// The serial number of its chip, which is not the number printed on it.
    pub chip_serial: Option<&'a ChipSerial>,
    /// The label of its application.
    pub label: Option<&'a str>,
    /// The generation of its chip.
    pub generation: Option<CardGeneration>,
    /// Its end: the earliest end of its certificates.
    pub end: Option<Timestamp>,
    /// The certificate that says so, as the card calls it.
    pub end_from: Option<&'a str>,
    /// Whole days to that date, negative after it.
    pub days_left: Option<i64>,
    /// Tries left of the code, where it was asked and said.
    pub tries: Option<CodeTries>,
    /// No try is left.
    pub blocked: bool,
    /// Its certificates.
    pub certificates: Vec<OnCard<'a>>,
    /// What could not be read of it.
    pub problems: &'a [Problem],
    /// Worst open finding about it.
    pub severity: Option<Severity>,
    /// Codes of the open findings about it.
    pub findings: Vec<&'a str>,
}

/// A certificate of a card.
#[derive(Debug, Serialize)]
pub struct OnCard<'a> {
    /// As the card calls it.
    pub label: &'a str,
    /// Its fingerprint: it is in the inventory of certificates under it.
    pub sha256: Fingerprint,
    /// What the key is for.
    pub usage: Option<Usage>,
    /// Its own end.
    pub end: Timestamp,
    /// `good`, `revoked` or `unknown`: unknown is never good.
    pub revocation: &'static str,
}

impl CardEntry<'_> {
    /// The declared kind, else what its certificates say of it; empty where neither does.
    pub fn kind_name(&self) -> String {
        match (self.kind, self.family) {
            (Some(kind), _) => kind.to_string(),
            (None, Some(family)) => family.to_string(),
            (None, None) => String::new(),
        }
    }
}

/// Every card of an inventory: declared ones by number, the cards of persons among them, then the others by name.
pub fn cards<'a>(inventory: &'a Inventory, findings: &'a OpenFindings, now: Timestamp) -> Vec<CardEntry<'a>> {
    let mut entries = Vec::new();
    let declared = inventory.declaration.named_cards();
    for card in &declared {
        let mut found = inventory.cards.values().filter(|found| found.number.as_ref() == Some(card.number)).peekable();
        if found.peek().is_none() {
            entries.push(entry(Some(*card), None, (inventory, findings), now));
        }
        entries.extend(found.map(|found| entry(Some(*card), Some(found), (inventory, findings), now)));
    }
    let known: BTreeSet<&CardNumber> = declared.iter().map(|card| card.number).collect();
    let mut strangers: Vec<&Arc<FoundCard>> = inventory
        .cards
        .values()
        .filter(|card| card.number.as_ref().is_none_or(|number| !known.contains(number)))
        .collect();
    strangers.sort_by_key(|card| card.name());
    entries.extend(strangers.into_iter().map(|found| entry(None, Some(found), (inventory, findings), now)));
    entries
}

/// How many cards are declared or were found, each number once.
pub(super) fn count(inventory: &Inventory) -> usize {
    let declared = inventory.declaration.named_cards().into_iter().map(|card| card.number.to_string());
    let found = inventory.cards.values().map(|card| match &card.number {
        Some(number) => number.to_string(),
        None => card.name().to_string(),
    });
    declared.chain(found).collect::<BTreeSet<_>>().len()
}

fn entry<'a>(
    named: Option<NamedCard<'a>>,
    found: Option<&'a Arc<FoundCard>>,
    (inventory, open): (&'a Inventory, &'a OpenFindings),
    now: Timestamp,
) -> CardEntry<'a> {
    let found = found.map(|found| &**found);
    let facts = found.map(|found| inventory.card_facts(found)).unwrap_or_default();
    let declared = named.and_then(|card| card.declared);
    let (holder, service, assigned_to) = match declared.map(|card| &card.holder) {
        Some(CardHolder::Person(person)) => (Some(person), None, None),
        Some(CardHolder::Service { service, assigned_to }) => (None, Some(service.as_str()), assigned_to.as_ref()),
        None => (named.and_then(|card| card.person).map(|person| &person.id), None, None),
    };
    let number = named.map(|card| card.number).or_else(|| found.and_then(|found| found.number.as_ref()));
    let missing = found.and_then(|found| found.not_seen_since(inventory.sources.get(&found.source)));
    let end = facts.end;
    let (severity, findings) = about(number, found, open);
    CardEntry {
        id: match (number, found) {
            (Some(number), _) => number.to_string(),
            (None, Some(found)) => found.name().to_string(),
            (None, None) => String::new(),
        },
        number: number.map(CardNumber::as_str),
        number_from: found.and_then(|found| found.number_from),
        declared: named.is_some(),
        kind: declared.map(|card| card.kind),
        family: facts.family,
        service_card: facts.service || (found.is_none() && service.is_some()),
        holder: holder.map(DeclaredId::as_str),
        service,
        assigned_to: assigned_to.map(DeclaredId::as_str),
        structure: declared.and_then(|card| card.structure.as_ref()).map(DeclaredId::as_str),
        structure_number: facts.structure,
        environment: facts.environment,
        present: found.is_some() && missing.is_none(),
        readers: found.map(readers).unwrap_or_default(),
        first_seen: found.map(|found| found.first_seen),
        not_seen_since: missing,
        read_at: found.map(|found| found.read_at),
        chip_serial: found.map(|found| &found.chip),
        label: found.and_then(|found| found.label.as_deref()),
        generation: found.map(|found| found.generation),
        end: end.map(|(end, _)| end),
        end_from: end.map(|(_, from)| &*from.label),
        days_left: end.map(|(end, _)| end.days_after(now)),
        tries: found.and_then(|found| found.tries),
        blocked: found.is_some_and(FoundCard::is_blocked),
        certificates: on_card(&facts, inventory),
        problems: found.map_or(&[], |found| &found.problems),
        severity,
        findings,
    }
}

fn readers(card: &FoundCard) -> Vec<&str> {
    if card.readers.is_empty() {
        return vec![&card.last_reader];
    }
    card.readers.iter().map(|reader| &**reader).collect()
}

fn on_card<'a>(facts: &CardFacts<'a>, inventory: &Inventory) -> Vec<OnCard<'a>> {
    let one = |(held, certificate): &(
        &'a crate::domain::found_card::CardCertificate,
        &crate::domain::certificate::Certificate,
    )| OnCard {
        label: &held.label,
        sha256: held.fingerprint,
        usage: certificate.profile.usage,
        end: certificate.end(),
        revocation: inventory.revocation.status(&held.fingerprint).as_str(),
    };
    facts.certificates.iter().map(one).collect()
}

/// The open findings about a card, by its number or by its place.
fn about<'a>(
    number: Option<&CardNumber>,
    found: Option<&FoundCard>,
    findings: &'a OpenFindings,
) -> (Option<Severity>, Vec<&'a str>) {
    let by_number = number.map(|number| format!("card:{number}"));
    let by_place = found.map(|found| found.location().to_string());
    let is_about = |subject: &str| by_number.as_deref() == Some(subject) || by_place.as_deref() == Some(subject);
    let mut about: Vec<_> = findings.values().filter(|record| is_about(&record.finding.key.subject)).collect();
    about.sort_by_key(|record| std::cmp::Reverse(record.finding.severity));
    let severity = about.first().map(|record| record.finding.severity);
    (severity, about.into_iter().map(|record| &*record.finding.key.code).collect())
}
