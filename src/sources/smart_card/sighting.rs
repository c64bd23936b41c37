//! From what was read to what a run of the source says: cards, their certificates, the places these are in.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::board::Report;
use super::pkcs11::state::SeenToken;
use super::pkcs15;
use super::reading::Counter;
use super::seat::AtHand;
use crate::domain::certificate::Certificate;
use crate::domain::found_card::{CardCertificate, CardGeneration, ChipSerial, FoundCard, NumberSource};
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
    let mut seen: Vec<FoundCard> = Vec::new();
    let mut uncounted = BTreeSet::new();
    for (reader, at_hand) in &report.cards {
        let card = card(gathered, reader, at_hand, &mut interner);
        // What the module is going to say may be all there is.
        let may_be_told = at_hand.reading.counter == Counter::NotAsked && report.unheard;
        if at_hand.reading.counter == Counter::Unread || may_be_told {
            uncounted.insert(card.chip.clone());
        }
        // One chip in two readers at once cannot be; a copy of one can.
        match seen.iter_mut().find(|known| known.chip == card.chip && !known.is_another_than(&card)) {
            Some(known) => known.readers = known.readers.iter().chain(card.readers.iter()).cloned().collect(),
            None => seen.push(card),
        }
    }
    for shown in &report.tokens {
        // Flags that are not set say that nothing is wrong.
        if let Some(chip) = token(gathered, shown, &mut seen, &mut interner) {
            uncounted.remove(&chip);
        }
    }
    seen.sort_by(|left, right| left.chip.cmp(&right.chip));
    gathered.seen = seen.len() as u64;
    for (reader, problem) in &report.problems {
        gathered.errors.push(ItemError { place: Arc::clone(reader), problem: problem.clone() });
    }
    gathered.observations.extend(seen.iter().map(|card| Observation {
        source: Arc::clone(&gathered.source),
        location: card.location(),
        stamp: None,
        access: None,
        contents: contents(card),
        problems: Arc::clone(&card.problems),
        read_at: card.read_at,
    }));
    gathered.cards =
        Some(CardsSeen { cards: seen, unsettled: report.unsettled, uncounted, interrupted: report.interrupted });
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
    let certificates = reading.certificates.iter().map(|(label, der)| (label.as_str(), der.as_slice()));
    let (held, numbers) = hold(gathered, certificates, &mut problems, interner);
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
        tries: reading.tries(),
        problems: problems.into(),
        source: Arc::clone(&gathered.source),
        readers: [Arc::clone(reader)].into(),
        last_reader: Arc::clone(reader),
        first_seen: at_hand.read_at,
        last_seen: gathered.finished_at,
        read_at: at_hand.read_at,
    }
}

/// What a module shows of a card that was read adds what we could not read of it; another card is one more. One that is no CPx card, such
/// as a token of software keys, is nobody's business here. Gives the chip whose card it shows.
fn token(
    gathered: &mut Gathered,
    shown: &SeenToken,
    seen: &mut Vec<FoundCard>,
    interner: &mut Interner,
) -> Option<ChipSerial> {
    let SeenToken { reader, token, read_at } = shown;
    let mut found = Gathered::default();
    let mut problems = Vec::new();
    let certificates = token.certificates.iter().map(|held| (held.label.as_str(), held.der.as_slice()));
    let (held, numbers) = hold(&mut found, certificates, &mut problems, interner);
    let by_label = pkcs15::number_in_label(&token.label).filter(|_| token.label.starts_with("CPS"));
    let (number, number_from) = match (numbers.first(), by_label) {
        (Some(number), _) => (number.clone(), NumberSource::Certificate),
        (None, Some(number)) => (number, NumberSource::Label),
        (None, None) => return None,
    };
    let chip = ChipSerial::new(&token.serial);
    let is_certain = number_from == NumberSource::Certificate;
    let same = |card: &&mut FoundCard| match &chip {
        Some(chip) => {
            let certain = is_certain && card.number_from == Some(NumberSource::Certificate);
            card.chip == *chip && (!certain || card.number.as_ref() == Some(&number))
        }
        None => card.number.as_ref() == Some(&number),
    };
    let of = if let Some(known) = seen.iter_mut().find(same) {
        let is_new =
            |one: &CardCertificate| known.certificates.iter().all(|other| other.fingerprint != one.fingerprint);
        let added: Vec<CardCertificate> = held.into_iter().filter(is_new).collect();
        known.certificates = known.certificates.iter().cloned().chain(added).collect();
        known.tries = known.tries.or(token.tries());
        known.label = known.label.take().or_else(|| Some(token.label.as_str().into()));
        if known.number.is_none() || (is_certain && known.number_from == Some(NumberSource::Label)) {
            (known.number, known.number_from) = (Some(number), Some(number_from));
        }
        known.chip.clone()
    } else if let Some(chip) = chip {
        let card = FoundCard {
            number: Some(number),
            number_from: Some(number_from),
            chip: chip.clone(),
            label: Some(token.label.as_str().into()),
            generation: generation(&token.label),
            certificates: held.into(),
            tries: token.tries(),
            problems: problems.into(),
            source: Arc::clone(&gathered.source),
            readers: [Arc::clone(reader)].into(),
            last_reader: Arc::clone(reader),
            first_seen: *read_at,
            last_seen: gathered.finished_at,
            read_at: *read_at,
        };
        seen.push(card);
        chip
    } else {
        let message =
            "the PKCS#11 module shows a card without the serial number of its chip: it cannot be told from others";
        let problem = Problem { reason: "pkcs11_unnamed".into(), message: message.into() };
        gathered.errors.push(ItemError { place: Arc::clone(reader), problem });
        return None;
    };
    gathered.certificates.append(&mut found.certificates);
    Some(of)
}

/// `CPS3v3-…`, `CPS4v1-…`.
fn generation(label: &str) -> CardGeneration {
    match label.get(..4) {
        Some("CPS3") => CardGeneration::Cps3,
        Some("CPS4") => CardGeneration::Cps4,
        _ => CardGeneration::Unknown,
    }
}

/// The certificates of a card into the run, with the card numbers they give. One that cannot be read is a problem.
fn hold<'a>(
    gathered: &mut Gathered,
    certificates: impl Iterator<Item = (&'a str, &'a [u8])>,
    problems: &mut Vec<Problem>,
    interner: &mut Interner,
) -> (Vec<CardCertificate>, Vec<CardNumber>) {
    let (mut held, mut numbers) = (Vec::new(), Vec::new());
    for (label, der) in certificates {
        match certificate(der, interner) {
            Some((facts, der)) => {
                let number = facts.profile.card_number.as_deref();
                let number = number.and_then(|text| CardNumber::parse(text, Environment::Production).ok());
                numbers.extend(number.map(|read| read.value));
                held.push(CardCertificate { label: label.into(), fingerprint: facts.fingerprint });
                gathered.certificates.push((facts, der));
            }
            None => problems.push(Problem {
                reason: "card_malformed".into(),
                message: format!("the certificate {label:?} of the card cannot be read").into(),
            }),
        }
    }
    (held, numbers)
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
