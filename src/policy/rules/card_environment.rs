//! Card environment: a TEST card where production is at work.
//!
//! TRE_G01 gives TEST cards a category of their own, and they are signed by the TEST authorities: no production service takes them. They
//! are ordered for tests alone (form F414) and opposed after three years.

use crate::domain::finding::{Finding, Severity};
use crate::domain::profile::Environment;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "card_environment",
    severity: Severity::Warning,
    reference: "ANS TRE_G01; F414",
    facts: &["card", "reader", "structure"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let structures = &view.inventory.declaration.structures;
    let mut findings = Vec::new();
    for card in view.cards.iter().filter(|card| card.facts.environment == Some(Environment::Test)) {
        let declared = card.declared.and_then(|card| card.structure.as_ref()).and_then(|id| structures.get(id));
        // Whom the card was ordered for decides; a card that says nothing of it counts among those who have no TEST structure at all.
        // One that nobody declared is at work here while it is in a reader.
        let production = match declared {
            Some(structure) => structure.environment == Environment::Production,
            None => {
                (card.is_known() || card.is_present())
                    && !structures.is_empty()
                    && structures.values().all(|structure| structure.environment == Environment::Production)
            }
        };
        if production {
            let structure = declared.or_else(|| structures.values().next());
            let structure = structure.map(|structure| structure.id.to_string()).unwrap_or_default();
            findings.push(card.finding(RULE.code, RULE.severity).fact("structure", structure));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::domain::profile::Environment;
    use crate::policy::fixture::{CARD, World, id};

    #[test]
    fn speaks_of_a_test_card_of_a_production_structure() {
        let world = World::new()
            .watching_cards()
            .card(CARD, |card| card.test())
            .declare_card(CARD, |card| card.structure = Some(id("chex")));
        assert_eq!(world.judge(&super::RULE)[0].get("structure"), Some("chex"));
        assert!(world.structure_environment(Environment::Test).judge(&super::RULE).is_empty());
    }

    #[test]
    fn speaks_of_one_nobody_declared_while_it_is_there() {
        let stranger = World::new().watching_cards().card(CARD, |card| card.test());
        assert_eq!(stranger.judge(&super::RULE)[0].get("card"), Some(CARD));
        let gone = stranger.clone().card(CARD, |card| {
            card.test();
            card.gone();
        });
        assert!(gone.judge(&super::RULE).is_empty());
        assert!(stranger.structure_environment(Environment::Test).judge(&super::RULE).is_empty());
        assert!(World::new().watching_cards().card(CARD, |_| {}).judge(&super::RULE).is_empty(), "a production card");
    }
}
