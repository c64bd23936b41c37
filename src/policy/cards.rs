//! What the rules about cards share: each card that was found, with what its certificates say, who declared it, and whether it is
//! still there.

use super::chain::{ChainEnd, walk};
use super::view::View;
use crate::domain::card::{CardHolder, DeclaredCard};
use crate::domain::finding::{Finding, Severity, Subject};
use crate::domain::found_card::{CardCertificate, CardFacts, FoundCard};
use crate::domain::identifier::CardNumber;
use crate::domain::inventory::Inventory;
use crate::domain::person::{DeclaredId, Person};
use crate::domain::time::Timestamp;

/// The kind of source that sees cards.
const SMART_CARD: &str = "smart_card";

/// Days for which the use of a card counts.
const REMEMBERED: i64 = 14;

/// A card that was found.
#[derive(Debug)]
pub struct CardSeen<'a> {
    /// The card.
    pub found: &'a FoundCard,
    /// What its certificates say.
    pub facts: CardFacts<'a>,
    /// Its declaration.
    pub declared: Option<&'a DeclaredCard>,
    /// The person who signs in with it.
    pub person: Option<&'a Person>,
    /// Not seen since; `None` while it is in a reader.
    pub not_seen_since: Option<Timestamp>,
}

/// Every card that was found, by chip.
pub(super) fn cards(inventory: &Inventory) -> Vec<CardSeen<'_>> {
    let declaration = &inventory.declaration;
    let seen = |found: &'_ FoundCard| {
        let of = |number: &CardNumber| found.number.as_ref() == Some(number);
        let declared = declaration.cards.iter().find(|card| of(&card.number));
        let holder = declared.and_then(holder);
        let by_card = || declaration.persons.values().find(|person| person.card.as_ref().is_some_and(of));
        (declared, holder.and_then(|id| declaration.persons.get(id)).or_else(by_card))
    };
    let card = |found| {
        let (declared, person) = seen(found);
        CardSeen {
            found,
            facts: inventory.card_facts(found),
            declared,
            person,
            not_seen_since: found.not_seen_since(inventory.sources.get(&found.source)),
        }
    };
    inventory.cards.values().map(|found| card(&**found)).collect()
}

/// Who answers for a card now.
pub(super) fn holder(card: &DeclaredCard) -> Option<&DeclaredId> {
    match &card.holder {
        CardHolder::Person(person) => Some(person),
        CardHolder::Service { assigned_to, .. } => assigned_to.as_ref(),
    }
}

impl CardSeen<'_> {
    /// It is in a reader now.
    pub fn is_present(&self) -> bool {
        self.not_seen_since.is_none()
    }

    /// Somebody declared it: as a card, or as the card of a person.
    pub fn is_known(&self) -> bool {
        self.declared.is_some() || self.person.is_some()
    }

    /// A finding about it, with `card` (its number, or `@` and its chip), `reader`, and who and what is declared of it.
    pub fn finding(&self, code: &'static str, severity: Severity) -> Finding {
        let subject = match &self.found.number {
            Some(number) => Subject::Card(number.clone()),
            None => Subject::Location(self.found.location()),
        };
        let finding = Finding::new(code, severity, &subject)
            .fact("card", self.name())
            .fact("reader", self.found.readers.first().unwrap_or(&self.found.last_reader));
        match self.person {
            Some(person) => finding.fact("person", &person.id),
            None => finding,
        }
    }

    /// Its number, or `@` and its chip.
    pub fn name(&self) -> String {
        match &self.found.number {
            Some(number) => number.to_string(),
            None => self.found.name().to_string(),
        }
    }
}

impl<'a> View<'a> {
    /// Cards are watched here, and were at least once.
    pub fn cards_were_watched(&self) -> bool {
        self.inventory.sources.values().any(|state| &*state.kind == SMART_CARD && state.last_success.is_some())
    }

    /// The declaration says which cards there should be.
    pub fn cards_are_declared(&self) -> bool {
        !self.inventory.declaration.named_cards().is_empty()
    }

    /// The card that took the place of another: same holder by the certificates, same family and hierarchy, made later. Anybody can write
    /// a certificate with somebody's number in it, and such a number is no secret (RPPS): only a card that is declared, or whose
    /// certificates IGC-Santé issued, takes the place of anything.
    pub fn replacement(&self, card: &CardSeen<'a>) -> Option<&CardSeen<'a>> {
        self.latest_successor(card, |_| true)
    }

    /// The card that makes the end of another one nobody's worry: its replacement, when that one works and is looked after itself.
    pub fn living_replacement(&self, card: &CardSeen<'a>) -> Option<&CardSeen<'a>> {
        self.latest_successor(card, |next| {
            let watched = next.is_known() || next.is_present();
            watched && !next.found.is_blocked() && self.card_serves_until(next).is_none_or(|until| until > self.now)
        })
    }

    fn latest_successor(&self, card: &CardSeen<'a>, will_do: impl Fn(&CardSeen<'a>) -> bool) -> Option<&CardSeen<'a>> {
        let (person, family) = (card.facts.person?, card.facts.family?);
        let begun = card.facts.begun?;
        let takes_over = |other: &&CardSeen<'a>| {
            other.facts.person == Some(person)
                && other.facts.family == Some(family)
                && other.facts.environment == card.facts.environment
                && other.facts.begun.is_some_and(|other| other > begun)
                && other.found.number != card.found.number
                && (other.is_known() || self.is_issued(other))
                && will_do(other)
        };
        self.cards.iter().filter(takes_over).max_by_key(|other| (other.facts.begun, &other.found.chip))
    }

    /// The signatures of all its certificates lead to a configured anchor.
    fn is_issued(&self, card: &CardSeen<'a>) -> bool {
        let facts = &card.facts.certificates;
        let is_whole = !facts.is_empty() && facts.len() == card.found.certificates.len();
        is_whole && facts.iter().all(|(_, facts)| walk(self, facts, None) == ChainEnd::Anchor)
    }

    /// It is in a reader, or was not long ago: what is told of the use of a card ends some days after the use.
    pub fn was_seen_of_late(&self, card: &CardSeen<'a>) -> bool {
        card.not_seen_since.is_none_or(|since| since > self.now.plus_days(-REMEMBERED))
    }

    /// A card was in a reader after `instant`, and that is not long ago.
    pub fn was_used_after(&self, card: &CardSeen<'a>, instant: Timestamp) -> bool {
        card.is_present() || (card.found.last_seen > instant && self.was_seen_of_late(card))
    }

    /// When the first certificate of a card was revoked, as far as is known: an opposition shows so (CGU 4.5.2). An opposition is of the
    /// card and revokes all of them; each stands in the list of its own issuer, and these come out one after the other. One is enough
    /// to keep the card from being used. The one place the rules take revocations of cards from.
    pub fn card_revoked_at(&self, card: &CardSeen<'a>) -> Option<Timestamp> {
        card.found.certificates.iter().filter_map(|held| self.inventory.revocation.revoked_at(&held.fingerprint)).min()
    }

    /// How many certificates of a card are known to be revoked, and how many it has: an opposition is seen whole once they are as many.
    pub fn card_revocations(&self, card: &CardSeen<'a>) -> (usize, usize) {
        let is_revoked = |held: &&CardCertificate| self.inventory.revocation.revoked_at(&held.fingerprint).is_some();
        (card.found.certificates.iter().filter(is_revoked).count(), card.found.certificates.len())
    }

    /// The last instant a card serves: its end, or its opposition.
    pub fn card_serves_until(&self, card: &CardSeen<'a>) -> Option<Timestamp> {
        let end = card.facts.end.map(|(end, _)| end);
        [end, self.card_revoked_at(card)].into_iter().flatten().min()
    }
}
