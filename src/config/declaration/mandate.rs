//! `[[mandate]]`.

use super::super::problem::{Form, Problem, Thing};
use super::super::reader::{Found, Section};
use super::Names;
use crate::domain::offer::{Offer, Usage};
use crate::domain::person::{Mandate, OfferUsage};

pub(super) fn read(section: Section<'_>, names: &mut Names) -> Option<Mandate> {
    let person = section.need("person", |found| names.reference(Thing::Person, found));
    let structure = section.need("structure", |found| names.reference(Thing::Structure, found));
    let role = section.need("role", Found::word);
    let offers = section.get("offers", |found| found.list(offer_usage));
    let perimeter = section.get("perimeter", |found| found.one_or_more(Found::owned));
    let from = section.get("from", Found::date);
    let until = section.get("until", |found| {
        let until = found.date()?;
        if from.is_some_and(|from| from > until) {
            found.error(Problem::FromAfterUntil);
        }
        Some(until)
    });
    let source = section.get("source", Found::owned);
    section.finish();
    Some(Mandate {
        person: person?,
        structure: structure?,
        role: role?,
        offers: offers.unwrap_or_default(),
        perimeter: perimeter.unwrap_or_default(),
        from,
        until,
        source,
    })
}

/// `ORG/AUTH_CLI`.
pub(in crate::config) fn offer_usage(found: &Found<'_>) -> Option<OfferUsage> {
    let text = found.text()?;
    let parts = text.split_once('/').and_then(|(offer, usage)| Some((offer.parse().ok()?, usage.parse().ok()?)));
    let Some((offer, usage)): Option<(Offer, Usage)> = parts else { return found.malformed(Form::OfferUsage, text) };
    if offer.usages().contains(&usage) {
        Some(OfferUsage { offer, usage })
    } else {
        found.error(Problem::NoSuchUsage { offer, usage });
        None
    }
}
