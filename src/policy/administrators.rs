//! Who may renew a declared certificate, with the card they would sign in with, and how long both last.

use super::cards::CardSeen;
use super::mandates::{day_after, lives};
use super::rules::administrator_missing::fits;
use super::view::View;
use crate::domain::card::CardHolder;
use crate::domain::declaration::DeclaredCertificate;
use crate::domain::identifier::CardNumber;
use crate::domain::person::Mandate;
use crate::domain::time::Timestamp;

/// One administrator of one certificate.
#[derive(Debug)]
pub(super) struct Administrator<'v, 'a> {
    /// The mandate.
    pub(super) mandate: &'a Mandate,
    /// The card that is declared for the holder of the mandate.
    pub(super) card: Option<&'a CardNumber>,
    /// The same card, where it was seen.
    seen: Option<&'v CardSeen<'a>>,
    /// The last instant the card serves, where that is known.
    card_until: Option<Timestamp>,
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
pub(super) fn administrators<'v, 'a>(view: &'v View<'a>, declared: &DeclaredCertificate) -> Vec<Administrator<'v, 'a>> {
    let declaration = &view.inventory.declaration;
    let fitting = view.mandates(&declared.structure).iter().filter(|mandate| fits(mandate, declared));
    let one = |mandate: &&'a Mandate| {
        let own = declaration.persons.get(&mandate.person).and_then(|person| person.card.as_ref());
        let held = || {
            let holds = |holder: &CardHolder| match holder {
                CardHolder::Person(person) => *person == mandate.person,
                CardHolder::Service { assigned_to, .. } => assigned_to.as_ref() == Some(&mandate.person),
            };
            declaration.cards.iter().find(|card| holds(&card.holder)).map(|card| &card.number)
        };
        let card = own.or_else(held);
        let seen = card.and_then(|number| view.cards.iter().find(|seen| seen.found.number.as_ref() == Some(number)));
        // A replacement takes over from its predecessor, declared or not.
        let seen = seen.map(|seen| view.replacement(seen).unwrap_or(seen));
        Administrator { mandate, card, seen, card_until: seen.and_then(|seen| view.card_serves_until(seen)) }
    };
    fitting.map(one).collect()
}

impl Administrator<'_, '_> {
    /// The mandate is in force.
    pub(super) fn mandate_lives(&self, now: Timestamp) -> bool {
        lives(self.mandate, now)
    }

    /// A card is declared and, as far as is known, works.
    pub(super) fn may_hold_a_card(&self, now: Timestamp) -> bool {
        self.card.is_some()
            && self.card_until.is_none_or(|until| now <= until)
            && !self.seen.is_some_and(|seen| seen.found.is_blocked())
    }

    /// The mandate is in force and nothing is known against the card.
    pub(super) fn lives(&self, now: Timestamp) -> bool {
        self.mandate_lives(now) && (self.card.is_none() || self.may_hold_a_card(now))
    }

    /// When the first of mandate and card ends.
    pub(super) fn until(&self) -> Lasts {
        self.mandate_until().min(self.card_until.map_or(Lasts::Open, Lasts::Until))
    }

    /// Which of the two that is, and its last: the instant for a card, the day for a mandate, which has no hour.
    pub(super) fn ends_by(&self) -> (&'static str, Option<String>) {
        if self.card_until.map_or(Lasts::Open, Lasts::Until) <= self.mandate_until() {
            ("card", self.card_until.map(|until| until.to_string()))
        } else {
            ("mandate", self.mandate.until.map(|day| day.to_string()))
        }
    }

    fn mandate_until(&self) -> Lasts {
        self.mandate.until.map_or(Lasts::Open, |until| Lasts::Until(day_after(until)))
    }
}
