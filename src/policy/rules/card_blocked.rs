//! Card blocked: three wrong codes in a row were given.
//!
//! CGU 4.5.2. Nothing but the unblocking procedure of ANS brings the card back. The counter is read without using a try, where
//! `pin_counter` says so. Of a card nobody declared it speaks while the card is there.

use crate::domain::finding::{Finding, Severity};
use crate::policy::cards::CardSeen;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "card_blocked",
    severity: Severity::Warning,
    reference: "CGU 4.5.2",
    facts: &["card", "reader"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let concerns = |card: &&CardSeen<'_>| card.is_known() || card.is_present();
    let blocked = view.cards.iter().filter(concerns).filter(|card| card.found.is_blocked());
    let blocked = blocked.filter(|card| view.living_replacement(card).is_none());
    blocked.map(|card| card.finding(RULE.code, RULE.severity)).collect()
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{CARD, World};

    #[test]
    fn speaks_of_no_try_left_alone() {
        let with =
            |left| World::new().watching_cards().card(CARD, move |card| card.tries(left)).judge(&super::RULE).len();
        assert_eq!((with(0), with(1), with(3)), (1, 0, 0));
        assert!(World::new().watching_cards().card(CARD, |_| {}).judge(&super::RULE).is_empty(), "not asked for");
    }

    #[test]
    fn a_visitor_takes_it_along() {
        let gone = World::new().watching_cards().card(CARD, |card| {
            card.tries(0);
            card.gone();
        });
        assert!(gone.judge(&super::RULE).is_empty());
        assert_eq!(gone.clone().declare_card(CARD, |_| {}).judge(&super::RULE).len(), 1);
        assert_eq!(gone.person("at-1", CARD).judge(&super::RULE).len(), 1);
    }
}
