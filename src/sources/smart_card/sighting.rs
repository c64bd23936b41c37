//! From what was read to what a run of the source says: cards, their certificates, the places these are in.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::board::Report;
use super::pkcs15;
use super::seat::AtHand;
use crate::domain::certificate::Certificate;
use crate::domain::found_card::{CardCertificate, ChipSerial, FoundCard, NumberSource};
use crate::domain::identifier::CardNumber;
use crate::domain::inventory::ItemError;
use crate::domain::observation::{Content, ContentKind, Observation, Problem};
use crate::domain::profile::Environment;
use crate::domain::reading::{Format, Item};
use crate::domain::reconcile::{CardsSeen, Gathered};
use crate::pki::intern::Interner;
use crate::pki::read::{Limits, read_with};

/// Writes a report into a run.
pub(super) fn fill(gathered: &mut Gathered, report: Report) {
    let mut interner = Interner::default();
    let mut seen: BTreeMap<ChipSerial, FoundCard> = BTreeMap::new();
    for (reader, at_hand) in &report.cards {
        // One chip in two readers at once cannot be; a copy of one can.
        if let Some(known) = seen.get_mut(&at_hand.reading.chip) {
            known.readers = known.readers.iter().cloned().chain([Arc::clone(reader)]).collect();
            continue;
        }
        let card = card(gathered, reader, at_hand, &mut interner);
        seen.insert(card.chip.clone(), card);
    }
    gathered.seen = seen.len() as u64;
    for (reader, problem) in &report.problems {
        gathered.errors.push(ItemError { place: Arc::clone(reader), problem: problem.clone() });
    }
    gathered.observations.extend(seen.values().map(|card| Observation {
        source: Arc::clone(&gathered.source),
        location: card.location(),
        stamp: None,
        access: None,
        contents: contents(card),
        problems: Arc::clone(&card.problems),
        read_at: card.read_at,
    }));
    gathered.cards = Some(CardsSeen {
        cards: seen.into_values().collect(),
        unsettled: report.unsettled,
        interrupted: report.interrupted,
    });
}

fn contents(card: &FoundCard) -> Arc<[Content]> {
    let content = |(index, held): (u32, &CardCertificate)| Content {
        index,
        format: Format::Der,
        kind: ContentKind::Certificate(held.fingerprint),
    };
    (0..).zip(card.certificates.iter()).map(content).collect()
}

/// The card, and its certificates into the run.
fn card(gathered: &mut Gathered, reader: &Arc<str>, at_hand: &AtHand, interner: &mut Interner) -> FoundCard {
    let reading = &at_hand.reading;
    let mut problems = reading.problems.clone();
    let mut held = Vec::new();
    let mut numbers: Vec<CardNumber> = Vec::new();
    for (label, der) in &reading.certificates {
        match certificate(der, interner) {
            Some((facts, der)) => {
                let number = facts.profile.card_number.as_deref();
                numbers.extend(
                    number
                        .and_then(|text| CardNumber::parse(text, Environment::Production).ok())
                        .map(|read| read.value),
                );
                held.push(CardCertificate { label: label.as_str().into(), fingerprint: facts.fingerprint });
                gathered.certificates.push((facts, der));
            }
            None => problems.push(Problem {
                reason: "card_malformed".into(),
                message: format!("the certificate {label:?} of the card cannot be read").into(),
            }),
        }
    }
    let by_label = reading.label.as_deref().and_then(pkcs15::number_in_label);
    let (number, number_from) = match (numbers.first(), &by_label) {
        (Some(number), _) => (Some(number.clone()), Some(NumberSource::Certificate)),
        (None, Some(number)) => (Some(number.clone()), Some(NumberSource::Label)),
        (None, None) => (None, None),
    };
    let contradicts = |other: &CardNumber| number.as_ref().is_some_and(|number| number != other);
    if numbers.iter().chain(&by_label).any(contradicts) {
        problems.push(Problem {
            reason: "card_numbers_differ".into(),
            message: "the certificates and the label of the card do not give the same card number".into(),
        });
    }
    FoundCard {
        number,
        number_from,
        chip: reading.chip.clone(),
        label: reading.label.as_deref().map(Arc::from),
        generation: at_hand.chip.generation(),
        certificates: held.into(),
        tries: reading.tries,
        problems: problems.into(),
        source: Arc::clone(&gathered.source),
        readers: [Arc::clone(reader)].into(),
        last_reader: Arc::clone(reader),
        first_seen: at_hand.read_at,
        last_seen: gathered.finished_at,
        read_at: at_hand.read_at,
    }
}

fn certificate(der: &[u8], interner: &mut Interner) -> Option<(Arc<Certificate>, Arc<[u8]>)> {
    // A parser that panics costs this certificate, never the card.
    let read =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read_with(der, None, &Limits::default(), interner)));
    read.ok()?.items.into_iter().find_map(|item| match item.item {
        Item::Certificate { facts, der } => Some((facts, der)),
        _ => None,
    })
}
