//! Card blocked: three wrong codes in a row were given.
//!
//! CGU 4.5.2. Nothing but the unblocking procedure of ANS brings the card back. The counter is read without using a try, where
//! `pin_counter` says so.

use crate::domain::finding::{Finding, Severity};
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
    let blocked = view.cards.iter().filter(|card| card.found.is_blocked() && view.living_replacement(card).is_none());
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
}
