//! Who may renew a declared certificate, with the card they would sign in with, and how long both last.

use super::cards::holder;
use super::mandates::{day_after, lives};
use super::rules::administrator_missing::fits;
use super::view::View;
use crate::domain::declaration::DeclaredCertificate;
use crate::domain::identifier::CardNumber;
use crate::domain::person::{DeclaredId, Mandate};
use crate::domain::time::Timestamp;

/// One administrator of one certificate.
#[derive(Debug)]
pub(super) struct Administrator<'a> {
    /// The mandate.
    pub(super) mandate: &'a Mandate,
    /// Of the cards that are declared for the holder of the mandate, the one that serves longest.
    card: Option<Card>,
}

/// A declared card of somebody. Ordered: one that works comes after one that does not, then by how long it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Card {
    /// Nothing is known against it now.
    works: bool,
    /// The last instant it serves.
    until: Lasts,
}

/// How long something lasts. Ordered: what has no known end lasts longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lasts {
    /// To this instant.
    Until(Timestamp),
    /// No end is known.
    Open,
}

/// Everybody whose mandate covers a certificate, in declared order, whatever the day.
pub(super) fn administrators<'a>(view: &View<'a>, declared: &DeclaredCertificate) -> Vec<Administrator<'a>> {
    let fitting = view.mandates(&declared.structure).iter().filter(|mandate| fits(mandate, declared));
    let card = |mandate: &Mandate| declared_cards(view, &mandate.person).map(|number| as_found(view, number)).max();
    fitting.map(|mandate| Administrator { mandate, card: card(mandate) }).collect()
}

/// Every card declared for a person: as theirs, in a table of its own, or assigned to them. Between a card and the next one there are two.
fn declared_cards<'a>(view: &View<'a>, person: &'a DeclaredId) -> impl Iterator<Item = &'a CardNumber> {
    let declaration = &view.inventory.declaration;
    let own = declaration.persons.get(person).and_then(|person| person.card.as_ref());
    let held = declaration.cards.iter().filter(move |card| holder(card) == Some(person)).map(|card| &card.number);
    own.into_iter().chain(held)
}

/// What is known of a declared card; nothing, before it was seen, and then it may well work.
fn as_found(view: &View<'_>, number: &CardNumber) -> Card {
    let chips = view.cards.iter().filter(|seen| seen.found.number.as_ref() == Some(number));
    let states = chips.map(|seen| {
        // A replacement takes over from its predecessor.
        let seen = view.living_replacement(seen).unwrap_or(seen);
        let until = view.card_serves_until(seen).map_or(Lasts::Open, Lasts::Until);
        Card { works: Lasts::Until(view.now) <= until && !seen.found.is_blocked(), until }
    });
    // Of two chips with one number one is a copy: the copy proves nothing good.
    states.min().unwrap_or(Card { works: true, until: Lasts::Open })
}

impl Administrator<'_> {
    /// The mandate is in force.
    pub(super) fn mandate_lives(&self, now: Timestamp) -> bool {
        lives(self.mandate, now)
    }

    /// A card is declared.
    pub(super) const fn has_card(&self) -> bool {
        self.card.is_some()
    }

    /// A card is declared and, as far as is known, works.
    pub(super) fn may_hold_a_card(&self) -> bool {
        self.card.is_some_and(|card| card.works)
    }

    /// The mandate is in force and nothing is known against the card.
    pub(super) fn lives(&self, now: Timestamp) -> bool {
        self.mandate_lives(now) && self.card.is_none_or(|card| card.works)
    }

    /// When the first of mandate and card ends.
    pub(super) fn until(&self) -> Lasts {
        self.mandate_until().min(self.card_until())
    }

    /// Which of the two that is, and its last: the instant for a card, the day for a mandate, which has no hour.
    pub(super) fn ends_by(&self) -> (&'static str, Option<String>) {
        match self.card_until() {
            Lasts::Until(until) if Lasts::Until(until) <= self.mandate_until() => ("card", Some(until.to_string())),
            _ => ("mandate", self.mandate.until.map(|day| day.to_string())),
        }
    }

    fn card_until(&self) -> Lasts {
        self.card.map_or(Lasts::Open, |card| card.until)
    }

    fn mandate_until(&self) -> Lasts {
        self.mandate.until.map_or(Lasts::Open, |until| Lasts::Until(day_after(until)))
    }
}
