//! Administrator card ends: whoever must renew a certificate will hold no card, or no mandate, on the day it has to be done.
//!
//! The portal opens to a technical administrator with a living card (F413, "prerequisites"; CGU 5.2), and a certificate is renewed only
//! while it is valid (CGU 5.4). Both end on their own calendars, and where the first ends before the second the renewal is lost unless
//! somebody sees to it. The day looked at is the one from which the successor should be at hand (`policy.successor_by`), after it the last. For each
//! certificate the administrator who lasts longest counts. A card or mandate without a known end lasts.

use crate::domain::finding::{Finding, Severity};
use crate::domain::time::Timestamp;
use crate::policy::administrators::{Lasts, administrators};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "administrator_card_ends",
    severity: Severity::Info,
    reference: "F413; CGU 4.4, 5.2, 5.4",
    facts: &["id", "structure", "offer", "person", "kind", "lasts_until", "renewal"],
    check,
};

/// Nearer than this the next card or mandate has to be seen to now: the replacement of a card is sent one month before its end.
const SOON: i64 = 60;

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (slot, bearer) in view.installed() {
        let facts = bearer.seen.facts;
        let renewal = view.settings.successor_by.begins(facts.not_before, facts.end());
        // Where that day is past, what is left is the time until the certificate itself ends; after it nothing can be renewed.
        let renewal = if renewal < view.now { facts.end() } else { renewal };
        if renewal < view.now || view.successor(bearer.seen).is_some() {
            continue;
        }
        let administrators = administrators(view, slot.declared);
        let living: Vec<_> = administrators.iter().filter(|one| one.lives(view.now)).collect();
        // Without a card nobody signs in to the portal: one who has none declared does not stand in for one who has.
        let carded = living.iter().any(|one| one.has_card());
        let able = living.into_iter().filter(|one| one.has_card() || !carded);
        let Some(longest) = able.max_by_key(|one| one.until()) else { continue };
        let Some(until) = longest.until().instant().filter(|until| *until < renewal) else { continue };
        let (kind, Some(last)) = longest.ends_by() else { continue };
        let severity = if until < view.now.plus_days(SOON) { Severity::Warning } else { RULE.severity };
        findings.push(
            slot.finding(RULE.code, severity)
                .fact("offer", format!("{}/{}", slot.declared.offer, slot.declared.usage))
                .fact("person", &longest.mandate.person)
                .fact("kind", kind)
                .fact("lasts_until", last)
                .fact("renewal", renewal),
        );
    }
    findings
}

impl Lasts {
    fn instant(self) -> Option<Timestamp> {
        match self {
            Self::Until(at) => Some(at),
            Self::Open => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::{CARD, CardMaker, NOW, OTHER_CARD, World, keys_of};
    use crate::policy::rules::{card_ending, card_replaced};

    /// A certificate that ends in 730 days, so to be renewed in 700.
    fn world(card_days: i64) -> World {
        World::new()
            .with_installed("dmp", 1)
            .person("at-1", CARD)
            .watching_cards()
            .card(CARD, move |card| card.days(-300, card_days))
    }

    #[test]
    fn a_card_that_ends_before_the_renewal() {
        assert!(world(720).judge(&super::RULE).is_empty());
        let found = world(500).judge(&super::RULE);
        assert_eq!(keys_of(&found), ["certificate:dmp"]);
        assert_eq!((found[0].get("kind"), found[0].severity), (Some("card"), Severity::Info));
        assert_eq!(found[0].get("renewal"), Some(NOW.plus_days(700).to_string().as_str()));
        assert_eq!(world(40).judge(&super::RULE)[0].severity, Severity::Warning);
        assert!(world(-1).judge(&super::RULE).is_empty(), "no living card is another rule's");
    }

    #[test]
    fn what_is_late_is_looked_at_until_its_last_day() {
        let late = |card_days: i64| {
            world(card_days).certificate(1, |certificate| {
                certificate.days(-1000, 20);
            })
        };
        let found = late(3).judge(&super::RULE);
        assert_eq!(
            (found[0].severity, found[0].get("renewal")),
            (Severity::Warning, Some(NOW.plus_days(20).to_string().as_str()))
        );
        assert!(late(30).judge(&super::RULE).is_empty());
    }

    #[test]
    fn a_mandate_that_ends_before_the_renewal() {
        let world = World::new().without_mandates().with_installed("dmp", 1);
        let until = |days: i64| world.clone().mandate("at-1", move |m| m.until = NOW.plus_days(days).date());
        let found = until(300).judge(&super::RULE);
        assert_eq!(found[0].get("kind"), Some("mandate"));
        let last = NOW.plus_days(300).date().map(|day| day.to_string());
        assert_eq!(found[0].get("lasts_until"), last.as_deref(), "the day itself");
        assert!(until(800).judge(&super::RULE).is_empty());
        assert!(world.mandate("at-1", |_| {}).judge(&super::RULE).is_empty(), "open-ended, and no card is known");
    }

    #[test]
    fn one_without_a_card_does_not_stand_in_for_one_who_has() {
        let found = world(500).mandate("at-2", |_| {}).judge(&super::RULE);
        assert_eq!(found[0].get("person"), Some("at-1"));
    }

    #[test]
    fn the_administrator_who_lasts_longest_counts() {
        let two = world(100).mandate("at-2", |_| {}).person("at-2", OTHER_CARD);
        assert!(two.judge(&super::RULE).is_empty(), "the second one's card was never seen, so no end of it is known");
        let two = two.card(OTHER_CARD, |card| {
            card.days(-10, 200);
            card.of_person("750000002/000000002");
        });
        assert_eq!(two.judge(&super::RULE)[0].get("person"), Some("at-2"));
    }

    /// Anybody can make a card with somebody's number on it; whoever issued its certificates, or declared it, can not be anybody.
    #[test]
    fn a_card_nobody_issued_or_declared_takes_over_from_none() {
        let ending = world(4).with_authorities(1, 50, 51).anchor(51);
        assert_eq!(ending.judge(&super::RULE).len(), 1);
        let shown = |change: fn(&mut CardMaker)| {
            ending.clone().card(OTHER_CARD, move |card| {
                card.days(-1, 9000);
                change(card);
            })
        };
        let forged = shown(|card| card.self_signed());
        assert_eq!(forged.judge(&super::RULE)[0].severity, Severity::Warning);
        assert_eq!(forged.judge(&card_ending::RULE).len(), 1);
        assert!(forged.judge(&card_replaced::RULE).is_empty());
        assert!(forged.declare_card(OTHER_CARD, |_| {}).judge(&super::RULE).is_empty(), "vouched for");

        let issued = shown(|card| card.issued_by(50));
        assert!(issued.judge(&super::RULE).is_empty() && issued.judge(&card_ending::RULE).is_empty());
        let gone = shown(|card| {
            card.issued_by(50);
            card.gone();
        });
        assert_eq!(gone.judge(&super::RULE).len(), 1, "seen once, and of no declaration");
        let dead = shown(|card| {
            card.issued_by(50);
            card.tries(0);
        });
        assert_eq!(dead.judge(&super::RULE).len(), 1);
        let in_part = shown(|card| {
            card.issued_by(50);
            card.second_certificate();
        });
        assert_eq!(in_part.judge(&super::RULE).len(), 1, "one certificate of two is not known");
    }

    #[test]
    fn of_several_declared_cards_the_one_that_lasts_longest_counts() {
        let two = world(4).declare_card(OTHER_CARD, |_| {});
        assert!(two.judge(&super::RULE).is_empty(), "the second one was never seen, so no end of it is known");
        let two = two.card(OTHER_CARD, |card| {
            card.days(-5, 300);
            card.of_person("750000002/000000002");
        });
        let last = NOW.plus_days(300).to_string();
        assert_eq!(two.judge(&super::RULE)[0].get("lasts_until"), Some(last.as_str()));
    }

    /// A copy of the card's number on another chip makes it last no longer.
    #[test]
    fn of_two_chips_with_one_number_the_worse_one_counts() {
        for chip in ["00000001", "99999999"] {
            let copied = world(4).card(CARD, |card| {
                card.chip(chip);
                card.fingerprint(0xcc);
                card.days(-1, 9000);
            });
            assert_eq!(copied.judge(&super::RULE)[0].severity, Severity::Warning, "{chip}");
        }
    }
}
