//! Card undeclared: a card in a reader that nobody declared.
//!
//! The legal representative or the mandataire answers for the cards of a structure and their follow-up (CGU 4.3). A visitor's card is no
//! fault, so this is for information, while it is there, and only where cards are declared at all.

use crate::domain::finding::{Finding, Severity};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule =
    Rule { code: "card_undeclared", severity: Severity::Info, reference: "CGU 4.3", facts: &["card", "reader"], check };

fn check(view: &View<'_>) -> Vec<Finding> {
    if !view.cards_are_declared() {
        return Vec::new();
    }
    let strangers = view.cards.iter().filter(|card| card.is_present() && !card.is_known());
    strangers.map(|card| card.finding(RULE.code, RULE.severity)).collect()
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{CARD, OTHER_CARD, World, keys_of};

    #[test]
    fn speaks_of_present_strangers_where_cards_are_declared() {
        let world = World::new().watching_cards().card(CARD, |_| {});
        assert!(world.judge(&super::RULE).is_empty(), "no card is declared");
        assert_eq!(
            keys_of(&world.clone().declare_card(OTHER_CARD, |_| {}).judge(&super::RULE)),
            [format!("card:{CARD}")]
        );
        assert!(world.clone().declare_card(CARD, |_| {}).judge(&super::RULE).is_empty());
        assert!(world.clone().person("at-1", CARD).judge(&super::RULE).is_empty());
        let gone = world.declare_card(OTHER_CARD, |_| {}).card(CARD, |card| card.gone());
        assert!(gone.judge(&super::RULE).is_empty());
    }
}
