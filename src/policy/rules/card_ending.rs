//! Card ending: the end of a card is near. Its replacement is made and sent by ANS without being asked for, one month before.
//!
//! CGU 4.4. The end is that of the certificate that ends first, never reckoned from the age of the card: the CGU say three years, a CPS4
//! lasts six. With the replacement in sight the rule is silent; of a card nobody declared it speaks while the card is there.

use crate::domain::finding::{Finding, Severity};
use crate::domain::threshold::Threshold;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "card_ending",
    severity: Severity::Warning,
    reference: "CGU 4.4",
    facts: &["card", "reader", "end", "end_from", "replacement_by", "step"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for card in view.cards.iter().filter(|card| card.is_known() || card.is_present()) {
        let (Some((end, from)), Some(begun)) = (card.facts.end, card.facts.begun) else { continue };
        let step = Threshold::reached(&view.settings.thresholds, begun, end, view.now);
        let (Some(step), true, None) = (step, view.now <= end, view.living_replacement(card)) else { continue };
        let urgent = view.settings.critical_below.begins(begun, end) <= view.now;
        let severity = if urgent { Severity::Critical } else { RULE.severity };
        findings.push(
            card.finding(RULE.code, severity)
                .fact("end", end)
                .fact("end_from", &from.label)
                .fact("replacement_by", end.minus_months(1))
                .fact("step", step),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::{CARD, OTHER_CARD, World};

    fn said(days: i64) -> Option<(String, Severity)> {
        let world = World::new().watching_cards().card(CARD, move |card| card.days(-1000, days));
        let found = world.judge(&super::RULE);
        found.first().map(|finding| (finding.get("step").unwrap_or_default().to_owned(), finding.severity))
    }

    #[test]
    fn goes_through_the_steps_and_turns_critical() {
        assert_eq!(said(70), None);
        assert_eq!(said(50), Some(("2m".into(), Severity::Warning)));
        assert_eq!(said(14), Some(("15d".into(), Severity::Critical)));
        assert_eq!(said(-1), None, "that is another rule's");
    }

    #[test]
    fn silent_once_the_replacement_is_seen_or_a_stranger_is_gone() {
        let world = World::new().watching_cards().card(CARD, |card| card.days(-1000, 20));
        assert_eq!(world.judge(&super::RULE).len(), 1);
        let renewed = world.clone().anchor(51).card(OTHER_CARD, |card| {
            card.days(-5, 1000);
            card.issued_by(51);
        });
        assert!(renewed.judge(&super::RULE).is_empty());
        let gone = world.card(CARD, |card| {
            card.days(-1000, 20);
            card.gone();
        });
        assert!(gone.judge(&super::RULE).is_empty());
        assert_eq!(gone.declare_card(CARD, |_| {}).judge(&super::RULE).len(), 1);
    }
}
