//! Card ended: the first certificate of a card is past its end, so that its holder can no longer sign in with it.
//!
//! CGU 4.4: the replacement comes by itself, one month before; where it did not, the holder's address or registration is wrong. Silent
//! once the replacement was seen.

use crate::domain::finding::{Finding, Severity};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "card_ended",
    severity: Severity::Warning,
    reference: "CGU 4.4",
    facts: &["card", "reader", "end", "end_from"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for card in view.cards.iter().filter(|card| card.is_known() || card.is_present()) {
        let Some((end, from)) = card.facts.end.filter(|(end, _)| *end < view.now) else { continue };
        if view.living_replacement(card).is_none() {
            let severity = if card.is_known() { Severity::Critical } else { RULE.severity };
            findings.push(card.finding(RULE.code, severity).fact("end", end).fact("end_from", &from.label));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::{CARD, OTHER_CARD, World};

    #[test]
    fn a_declared_card_that_ended_is_critical_until_the_next_is_seen() {
        let world = World::new().watching_cards().card(CARD, |card| card.days(-1100, -3));
        assert_eq!(world.judge(&super::RULE)[0].severity, Severity::Warning);
        let declared = world.declare_card(CARD, |_| {});
        assert_eq!(declared.judge(&super::RULE)[0].severity, Severity::Critical);
        let next = declared.card(OTHER_CARD, |card| card.days(-30, 1000));
        assert_eq!(next.judge(&super::RULE).len(), 1, "nobody vouches for that one");
        assert!(next.declare_card(OTHER_CARD, |_| {}).judge(&super::RULE).is_empty());
        assert!(World::new().watching_cards().card(CARD, |_| {}).judge(&super::RULE).is_empty());
    }
}
