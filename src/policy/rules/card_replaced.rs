//! Card replaced: the holder has a newer card, and the old one is still being put into readers.
//!
//! CGU 4.4: a new card replaces the one before and is to be used as soon as it is there; the old one is opposed one month after the new
//! one was made, and from that day nothing it opens opens any more. That the two are one person's is read off their certificates.

use crate::domain::finding::{Finding, Severity};
use crate::domain::time::Timestamp;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "card_replaced",
    severity: Severity::Warning,
    reference: "CGU 4.4",
    facts: &["card", "reader", "successor", "opposed_on"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for card in &view.cards {
        let Some(next) = view.replacement(card) else { continue };
        let Some(made) = next.facts.begun else { continue };
        // Used since the new one was first seen here: before, its holder may not have had it.
        if view.was_used_after(card, next.found.first_seen) {
            findings.push(
                card.finding(RULE.code, RULE.severity)
                    .fact("successor", next.name())
                    .fact("opposed_on", a_month_after(made)),
            );
        }
    }
    findings
}

/// The same day of the next month, by the shortest month there is: an opposition that comes early is the one that hurts.
const fn a_month_after(made: Timestamp) -> Timestamp {
    made.plus_days(28)
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{CARD, NOW, OTHER_CARD, World, keys_of};

    #[test]
    fn speaks_of_the_old_card_while_it_is_used() {
        let world = World::new()
            .watching_cards()
            .card(CARD, |card| card.days(-1000, 60))
            .declare_card(OTHER_CARD, |_| {})
            .card(OTHER_CARD, |card| card.days(-10, 1000));
        let found = world.judge(&super::RULE);
        assert_eq!(keys_of(&found), [format!("card:{CARD}")]);
        assert_eq!(found[0].get("successor"), Some(OTHER_CARD));
        assert_eq!(found[0].get("opposed_on"), Some(NOW.plus_days(18).to_string().as_str()));
        let put_away = world.clone().card(CARD, |card| {
            card.days(-1000, 60);
            card.gone();
        });
        assert!(put_away.judge(&super::RULE).is_empty());
        let another = world.card(OTHER_CARD, |card| {
            card.days(-10, 1000);
            card.of_person("750000002/000000009");
        });
        assert!(another.judge(&super::RULE).is_empty());
    }
}
