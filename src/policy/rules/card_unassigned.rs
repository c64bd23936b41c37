//! Card unassigned: a CPE *de service* without a person who answers for it.
//!
//! CGU 4.1 and 4.3: such a card bears no name and is assigned to a designated person; the legal representative or the mandataire
//! controls to whom, and keeps track of it.

use crate::domain::card::CardHolder;
use crate::domain::finding::{Finding, Severity, Subject};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "card_unassigned",
    severity: Severity::Warning,
    reference: "CGU 4.1, 4.3",
    facts: &["card", "service", "kind"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let declared = view.inventory.declaration.cards.iter().filter_map(|card| match &card.holder {
        CardHolder::Service { service, assigned_to: None } => Some(
            Finding::new(RULE.code, RULE.severity, &Subject::Card(card.number.clone()))
                .fact("card", &card.number)
                .fact("service", service)
                .fact("kind", "declared"),
        ),
        _ => None,
    });
    // In a reader, and nobody said who has it.
    let strangers = view.cards.iter().filter(|card| card.facts.service && card.is_present() && !card.is_known());
    let found = strangers.filter(|_| view.cards_are_declared()).map(|card| {
        let unit = card.facts.structure.map_or("", |structure| &structure.id);
        card.finding(RULE.code, RULE.severity).fact("service", unit).fact("kind", "found")
    });
    declared.chain(found).collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::card::CardHolder;
    use crate::policy::fixture::{CARD, OTHER_CARD, World, id, keys_of};

    fn service(assigned: Option<&str>) -> World {
        let assigned_to = assigned.map(id);
        World::new().declare_card(CARD, move |card| {
            card.holder =
                CardHolder::Service { service: "Bureau des entrées".to_owned(), assigned_to: assigned_to.clone() };
        })
    }

    #[test]
    fn a_declared_service_card_wants_a_person() {
        assert_eq!(keys_of(&service(None).judge(&super::RULE)), [format!("card:{CARD}")]);
        assert!(service(Some("at-1")).judge(&super::RULE).is_empty());
        assert!(World::new().declare_card(CARD, |_| {}).judge(&super::RULE).is_empty(), "a nominative card");
    }

    #[test]
    fn one_in_a_reader_that_nobody_declared_does_too() {
        let world = service(Some("at-1")).watching_cards().card(OTHER_CARD, |card| card.service());
        let found = world.judge(&super::RULE);
        assert_eq!(found[0].get("kind"), Some("found"));
        assert!(
            world
                .card(OTHER_CARD, |card| {
                    card.service();
                    card.gone();
                })
                .judge(&super::RULE)
                .is_empty()
        );
    }
}
