//! Card opposed: a certificate of a card is revoked, which is how an opposition shows.
//!
//! CGU 4.5.2: to oppose a card revokes its certificates and puts them on the revocation list. Says nothing while revocations are not
//! known: unknown is never good, and never bad either.
//!
//! An opposition is of the card, so every certificate of it ends in a list; but each in the list of its own issuer, which come out one
//! after the other. The finding opens with the first, because from then on the card must not be used, and says how many of how many:
//! that all of them are listed is what `revocation_awaited` waits for.

use crate::domain::finding::{Finding, Severity};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "card_opposed",
    severity: Severity::Warning,
    reference: "CGU 4.5.2",
    facts: &["card", "reader", "revoked_at", "revoked", "certificates"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for card in &view.cards {
        let Some(at) = view.card_revoked_at(card) else { continue };
        // In a reader after its opposition: somebody uses a card that was said to be lost.
        let used = view.was_used_after(card, at);
        let severity = if used { Severity::Critical } else { RULE.severity };
        if used || card.is_known() {
            let (revoked, held) = view.card_revocations(card);
            let finding = card.finding(RULE.code, severity).fact("revoked_at", at);
            findings.push(finding.fact("revoked", revoked).fact("certificates", held));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::{CARD, World};

    #[test]
    fn speaks_once_a_revocation_is_known() {
        let world = World::new().watching_cards().card(CARD, |_| {});
        assert!(world.judge(&super::RULE).is_empty());
        let revoked = world.card(CARD, |card| card.revoked());
        let found = revoked.judge(&super::RULE);
        assert_eq!(found[0].severity, Severity::Critical);
        assert_eq!((found[0].get("revoked"), found[0].get("certificates")), (Some("1"), Some("1")));
        let partly = World::new().watching_cards().card(CARD, |card| {
            card.revoked();
            card.second_certificate();
        });
        let found = partly.judge(&super::RULE);
        assert_eq!((found[0].get("revoked"), found[0].get("certificates")), (Some("1"), Some("2")), "one is enough");
        let away = revoked.card(CARD, |card| {
            card.revoked();
            card.gone();
        });
        assert!(away.judge(&super::RULE).is_empty(), "a stranger's");
        assert_eq!(away.declare_card(CARD, |_| {}).judge(&super::RULE)[0].severity, Severity::Warning);
    }
}
