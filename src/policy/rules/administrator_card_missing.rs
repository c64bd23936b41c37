//! Administrator card missing: nobody who may renew a certificate holds a card that works.
//!
//! F413 wants administrators "who already have active cards", and the portal asks for one. A card that ended, was opposed or is blocked
//! opens nothing. Where no card is declared at all nothing can be said: an e-CPS opens the portal too.

use crate::domain::finding::{Finding, Severity};
use crate::policy::administrators::administrators;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "administrator_card_missing",
    severity: Severity::Warning,
    reference: "F413; CGU 4.5.2, 5.2",
    facts: &["id", "structure", "offer", "kind"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    if !view.cards_are_declared() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for slot in &view.slots {
        let administrators = administrators(view, slot.declared);
        let mandated: Vec<_> = administrators.iter().filter(|one| one.mandate_lives(view.now)).collect();
        // Nobody with a mandate is another rule's.
        if mandated.is_empty() || mandated.iter().any(|one| one.may_hold_a_card()) {
            continue;
        }
        let kind = if mandated.iter().any(|one| one.has_card()) { "dead" } else { "none" };
        let urgent = slot.current.and_then(|at| view.seen.get(at)).is_some_and(|seen| view.is_urgent(seen.facts));
        let severity = if urgent { Severity::Critical } else { RULE.severity };
        findings.push(
            slot.finding(RULE.code, severity)
                .fact("offer", format!("{}/{}", slot.declared.offer, slot.declared.usage))
                .fact("kind", kind),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::{CARD, OTHER_CARD, World};

    fn kind(world: &World) -> Option<String> {
        world.judge(&super::RULE).first().and_then(|finding| finding.get("kind").map(str::to_owned))
    }

    #[test]
    fn a_card_that_ended_or_is_blocked_or_opposed_is_no_card() {
        let world = World::new().with_installed("dmp", 1).watching_cards();
        assert_eq!(kind(&world), None, "nobody declares cards here");
        let held = world.person("at-1", CARD);
        assert_eq!(kind(&held), None, "declared and never seen: it may well work");
        assert_eq!(kind(&held.clone().card(CARD, |_| {})), None);
        assert_eq!(kind(&held.clone().card(CARD, |card| card.days(-1100, -1))).as_deref(), Some("dead"));
        assert_eq!(kind(&held.clone().card(CARD, |card| card.tries(0))).as_deref(), Some("dead"));
        assert_eq!(kind(&held.clone().card(CARD, |card| card.revoked())).as_deref(), Some("dead"));
        let helped = held.card(CARD, |card| card.tries(0)).mandate("at-2", |_| {}).person("at-2", OTHER_CARD);
        assert_eq!(kind(&helped), None);
    }

    /// The card of the person's own table ended; the next one has a table of its own, and the register number of another post.
    #[test]
    fn any_declared_card_of_the_person_will_do() {
        let ended = World::new().with_installed("dmp", 1).watching_cards().person("at-1", CARD);
        let ended = ended.card(CARD, |card| card.days(-1100, -1));
        assert_eq!(kind(&ended).as_deref(), Some("dead"));
        let next = ended.declare_card(OTHER_CARD, |_| {});
        assert_eq!(kind(&next), None, "declared and not seen yet");
        let seen = |days: i64| {
            next.clone().card(OTHER_CARD, move |card| {
                card.days(-1200, days);
                card.of_person("750000002/000000002");
            })
        };
        assert_eq!(kind(&seen(1090)), None);
        assert_eq!(kind(&seen(-2)).as_deref(), Some("dead"));
    }

    #[test]
    fn where_cards_are_declared_an_administrator_without_one_shows() {
        let world = World::new().with_installed("dmp", 1).declare_card(CARD, |card| {
            card.holder = crate::domain::card::CardHolder::Person(crate::policy::fixture::id("somebody-else"));
        });
        assert_eq!(kind(&world).as_deref(), Some("none"));
        let urgent = world.certificate(1, |c| c.days(-1000, 5));
        assert_eq!(urgent.judge(&super::RULE)[0].severity, Severity::Critical);
    }
}
