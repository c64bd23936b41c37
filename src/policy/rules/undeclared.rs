//! Undeclared: a certificate of IGC-Santé, or one whose private key is here, that the declaration does not know.
//!
//! The declaration follows F413 (section 4.3: the certificates wished for); a key nobody declared is a key nobody watches, while
//! the owner answers for every one of them (CGU 5.3.2). Public authorities are never undeclared, and without any declared
//! certificate the rule is silent: `vigie scan` judges files, not a plan.

use crate::domain::finding::{Finding, Severity};
use crate::policy::rules::CERTIFICATE_FACTS;
use crate::policy::{Bearer, Rule, Seen, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "undeclared",
    severity: Severity::Warning,
    reference: "CGU 5.3.2; F413 section 4.3",
    facts: &CERTIFICATE_FACTS,
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let declaration = &view.inventory.declaration;
    if declaration.certificates.is_empty() {
        return Vec::new();
    }
    let declared_card = |seen: &Seen<'_>| {
        let number = seen.facts.profile.card_number.as_deref();
        number.is_some_and(|number| declaration.cards.iter().any(|card| card.number.as_str() == number))
    };
    view.seen
        .iter()
        .filter(|seen| seen.slots.is_empty() && !seen.expected && seen.is_ours() && !seen.is_on_cards())
        // The predecessor or the coming successor of a declared certificate is known; other rules speak of it.
        .filter(|seen| !view.lineage_is_declared(seen) && !view.is_replaced(seen) && !declared_card(seen))
        .map(|seen| Bearer { seen, slot: None }.finding(RULE.code, Severity::Warning))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::inventory::IssuerLink;
    use crate::domain::key::KeyAlgorithm;
    use crate::policy::fixture::{World, fingerprint, keys_of, sha};

    fn world() -> World {
        World::new().with_installed("dmp", 1)
    }

    #[test]
    fn speaks_of_igc_sante_and_of_keyed_certificates() {
        let world = world()
            .certificate(2, |c| c.common_name("OTHER"))
            .place("/srv/other.pem", |at| at.certificate(2))
            .certificate(3, |c| c.foreign("CN=intranet"))
            .place("/srv/intranet.pem", |at| at.certificate(3).key(3))
            .certificate(4, |c| c.foreign("CN=somebody.else"))
            .place("/srv/else.pem", |at| at.certificate(4));
        assert_eq!(keys_of(&world.judge(&super::RULE)), [sha(2), sha(3)]);
    }

    #[test]
    fn authorities_copies_and_relatives_are_known() {
        let world = world()
            .certificate(5, |c| c.authority("CN=Public Root"))
            .place("/etc/ssl/root.pem", |at| at.certificate(5))
            // A local authority and its key: what it issued says what it is.
            .certificate(7, |c| c.authority("CN=Local Root"))
            .place("/srv/ca.pem", |at| at.certificate(7).key(7))
            .certificate(8, |c| c.foreign("CN=intranet"))
            .issuer(8, IssuerLink::Issued(fingerprint(7)))
            .place("/srv/intranet.pem", |at| at.certificate(8))
            .place("/backup/dmp.pem", |at| at.certificate(1))
            .certificate(6, |c| c.days(-1500, -400))
            .place("/archive/dmp-2022.pem", |at| at.certificate(6));
        assert!(world.judge(&super::RULE).is_empty());
    }

    #[test]
    fn a_self_signed_server_is_an_end_entity_whatever_it_calls_itself() {
        let world = world()
            .certificate(5, |c| {
                c.authority("CN=intranet Root");
                c.days(-900, 5);
                c.facts.key = KeyAlgorithm::Rsa(1024);
            })
            .issuer(5, IssuerLink::SelfSigned)
            .place("/srv/intranet.pem", |at| at.certificate(5));
        assert!(world.judge(&super::RULE).is_empty(), "without its key it may be anybody's root");
        let world = world.place("/srv/intranet.key", |at| at.key(5));
        assert_eq!(keys_of(&world.judge(&super::RULE)), [sha(5)]);
        assert_eq!(keys_of(&world.judge(&crate::policy::rules::expiring::RULE)), [sha(5)]);
        assert_eq!(keys_of(&world.judge(&crate::policy::rules::weak_key::RULE)), [sha(5)]);
        assert!(world.anchor(5).judge(&super::RULE).is_empty());
    }

    #[test]
    fn silent_without_a_declaration() {
        let world = World::new().certificate(2, |_| {}).place("/srv/x.pem", |at| at.certificate(2));
        assert!(world.judge(&super::RULE).is_empty());
    }
}
