//! Card twice: one card number in two places, on two chips or in two readers at once.
//!
//! A number is one card's for ever, and a chip is in one place at a time (CGU 4.3: a card is one person's): where it is not so, one of
//! the two is a copy, or a number was written to two cards. A copy lives in a pocket: what was last seen some days ago counts as a place
//! still, and no longer after that. So this ends once one of the two is all that was seen of late.
//!
//! The other way round, two numbers on one chip serial number: the card that was known stays what it was, the other one is not taken in,
//! and this lasts until the one that is kept was put in again without the other.

use std::collections::BTreeMap;

use crate::domain::finding::{Finding, Severity};
use crate::domain::found_card::CHIP_TWICE;
use crate::domain::identifier::CardNumber;
use crate::policy::cards::CardSeen;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "card_twice",
    severity: Severity::Critical,
    reference: "CGU 4.3",
    facts: &["card", "reader", "kind", "chips", "readers"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut by_number: BTreeMap<&CardNumber, Vec<&CardSeen<'_>>> = BTreeMap::new();
    for card in view.cards.iter().filter(|card| view.was_seen_of_late(card)) {
        if let Some(number) = &card.found.number {
            by_number.entry(number).or_default().push(card);
        }
    }
    let one = |cards: Vec<&CardSeen<'_>>| {
        let first = *cards.first()?;
        let kind = match cards.len() {
            1 if first.found.readers.len() < 2 => return None,
            1 => "readers",
            _ => "chips",
        };
        let chips: Vec<&str> = cards.iter().map(|card| card.found.chip.as_str()).collect();
        let readers: Vec<&str> =
            cards.iter().flat_map(|card| card.found.readers.iter()).map(|reader| &**reader).collect();
        let finding = first.finding(RULE.code, RULE.severity).fact("kind", kind).fact("chips", chips.join(", "));
        Some(finding.fact("readers", readers.join(", ")))
    };
    let mut findings: Vec<Finding> = by_number.into_values().filter_map(one).collect();
    for card in &view.cards {
        let is_told = |finding: &Finding| finding.get("card") == Some(card.name().as_str());
        if card.found.problems.iter().any(|problem| &*problem.reason == CHIP_TWICE) && !findings.iter().any(is_told) {
            let finding = card.finding(RULE.code, RULE.severity).fact("kind", "chip").fact("chips", &card.found.chip);
            findings.push(finding.fact("readers", card.found.readers.join(", ")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{CARD, World, keys_of};

    #[test]
    fn speaks_of_two_chips_and_of_two_readers() {
        let world = World::new().watching_cards().card(CARD, |_| {});
        assert!(world.judge(&super::RULE).is_empty());
        let copied = world.clone().card(CARD, |card| card.chip("00000042"));
        assert_eq!(copied.judge(&super::RULE)[0].get("kind"), Some("chips"));
        let twice = world.clone().card(CARD, |card| card.readers(&["A", "B"]));
        let found = twice.judge(&super::RULE);
        assert_eq!((found[0].get("kind"), found[0].get("readers")), (Some("readers"), Some("A, B")));
        assert!(world.judge(&super::RULE).is_empty(), "in one reader again");
    }

    /// Whoever of the two was kept, and wherever it is by now.
    #[test]
    fn speaks_of_one_chip_that_two_cards_give() {
        let world = World::new().watching_cards().card(CARD, |card| {
            card.problem(crate::domain::found_card::CHIP_TWICE);
            card.gone();
        });
        let found = world.judge(&super::RULE);
        assert_eq!((keys_of(&found), found[0].get("kind")), (vec![format!("card:{CARD}")], Some("chip")));
        let copied = world.card(CARD, |card| {
            card.problem(crate::domain::found_card::CHIP_TWICE);
            card.readers(&["A", "B"]);
        });
        assert_eq!(copied.judge(&super::RULE)[0].get("kind"), Some("readers"), "one finding a card");
    }

    /// The one of the two that was taken away for good ends it, whichever stays.
    #[test]
    fn ends_when_one_place_is_left() {
        let away = |days: i64| {
            let world = World::new().watching_cards().card(CARD, |_| {}).card(CARD, |card| {
                card.chip("00000042");
                card.seen_until(days);
            });
            world.judge(&super::RULE).len()
        };
        assert_eq!((away(1), away(13), away(15)), (1, 1, 0));
        let neither = World::new().watching_cards().card(CARD, |card| card.seen_until(15)).card(CARD, |card| {
            card.chip("00000042");
            card.seen_until(15);
        });
        assert!(neither.judge(&super::RULE).is_empty());
    }
}
