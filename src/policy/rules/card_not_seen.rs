//! Card not seen: a declared card that no reader of this installation has ever shown.
//!
//! F420 and F413 name cards by their number; a number nobody ever saw may be mistyped, and what is known of the card is then nothing.
//! Cards live in pockets: this is for information. Silent where no reader is watched.

use crate::domain::finding::{Finding, Severity, Subject};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "card_not_seen",
    severity: Severity::Info,
    reference: "F413 section 4; F420",
    facts: &["card", "family"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    if !view.cards_were_watched() {
        return Vec::new();
    }
    let never = |number| !view.cards.iter().any(|card| card.found.number.as_ref() == Some(number));
    let declared = view.inventory.declaration.cards.iter().filter(|card| never(&card.number));
    declared
        .map(|card| {
            Finding::new(RULE.code, RULE.severity, &Subject::Card(card.number.clone()))
                .fact("card", &card.number)
                .fact("family", card.kind)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{CARD, World, keys_of};

    #[test]
    fn speaks_of_declared_cards_nobody_saw_where_somebody_looks() {
        let world = World::new().declare_card(CARD, |_| {});
        assert!(world.judge(&super::RULE).is_empty(), "no reader is watched");
        let watched = world.watching_cards();
        assert_eq!(keys_of(&watched.judge(&super::RULE)), [format!("card:{CARD}")]);
        assert!(watched.card(CARD, |_| {}).judge(&super::RULE).is_empty());
    }
}
