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
    let named = view.inventory.declaration.named_cards();
    let is_seen = |number| view.cards.iter().any(|card| card.found.number.as_ref() == Some(number));
    named
        .iter()
        .filter(|card| !is_seen(card.number))
        .map(|card| {
            // Of the card of a person nothing but its number is declared.
            let family = card.declared.map_or_else(|| "CPx".to_owned(), |declared| declared.kind.to_string());
            Finding::new(RULE.code, RULE.severity, &Subject::Card(card.number.clone()))
                .fact("card", card.number)
                .fact("family", family)
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

    #[test]
    fn the_card_of_a_person_is_a_declared_card() {
        let world = World::new().watching_cards().person("at-1", CARD);
        let found = world.judge(&super::RULE);
        assert_eq!((keys_of(&found), found[0].get("family")), (vec![format!("card:{CARD}")], Some("CPx")));
        let both = world.clone().declare_card(CARD, |_| {}).judge(&super::RULE);
        assert_eq!((both.len(), both[0].get("family")), (1, Some("CPE")), "named twice, told once");
        assert!(world.card(CARD, |_| {}).judge(&super::RULE).is_empty());
    }
}
