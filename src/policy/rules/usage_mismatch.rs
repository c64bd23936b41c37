//! Usage mismatch: the installed certificate is not of the declared offer and usage, or its extensions forbid that usage.
//!
//! F413 section 4.3 (offers and usages), RFC 5280 sections 4.2.1.3 and 4.2.1.12. On a signature or encryption certificate ORG and
//! SERV cannot be told apart by its bytes, nor CONF from S/MIME: the declared word is taken as the truth there.

use crate::domain::certificate::{Certificate, KeyUsage};
use crate::domain::finding::{Finding, Severity};
use crate::domain::offer::{Offer, Usage};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "usage_mismatch",
    severity: Severity::Warning,
    reference: "F413 section 4.3; RFC 5280 sections 4.2.1.3 and 4.2.1.12",
    facts: &["id", "subject", "sha256", "not_after", "path", "expected", "found"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.installed()
        .filter_map(|(slot, bearer)| {
            let (offer, usage) = (slot.declared.offer, slot.declared.usage);
            let facts = bearer.seen.facts;
            let profile = &facts.profile;
            let other_usage = profile.usage.filter(|found| !same_usage(*found, usage));
            let other_offer = profile.offer.filter(|found| !same_offer(*found, offer, usage));
            if other_usage.is_none() && other_offer.is_none() && permits(facts, usage) {
                return None;
            }
            let finding = bearer.finding(RULE.code, RULE.severity).fact("expected", format!("{offer}/{usage}"));
            Some(finding.fact("found", described(facts)))
        })
        .collect()
}

fn same_usage(found: Usage, declared: Usage) -> bool {
    let encrypts = |usage| matches!(usage, Usage::Conf | Usage::Smime);
    found == declared || encrypts(found) && encrypts(declared)
}

fn same_offer(found: Offer, declared: Offer, usage: Usage) -> bool {
    let legal_person = |offer| matches!(offer, Offer::Org | Offer::Serv);
    let telling = matches!(usage, Usage::AuthCli | Usage::SslServ);
    found == declared || !telling && legal_person(found) && legal_person(declared)
}

/// What the extensions allow. An absent extension forbids nothing.
fn permits(facts: &Certificate, usage: Usage) -> bool {
    let one_of = |bits: &[KeyUsage]| facts.key_usage.is_none_or(|found| bits.iter().any(|bit| found.contains(*bit)));
    let extended = |purpose: &str| {
        let purposes = &facts.extended_key_usage;
        purposes.is_empty()
            || purposes.iter().any(|found| matches!(&**found, "any" | "any_extended_key_usage") || **found == *purpose)
    };
    match usage {
        Usage::AuthCli | Usage::Auth => one_of(&[KeyUsage::DIGITAL_SIGNATURE]) && extended("client_auth"),
        Usage::SslServ => one_of(&[KeyUsage::DIGITAL_SIGNATURE, KeyUsage::KEY_ENCIPHERMENT]) && extended("server_auth"),
        Usage::Sign => one_of(&[KeyUsage::DIGITAL_SIGNATURE, KeyUsage::NON_REPUDIATION]),
        Usage::Conf => one_of(&[KeyUsage::KEY_ENCIPHERMENT, KeyUsage::DATA_ENCIPHERMENT, KEY_AGREEMENT]),
        Usage::Smime => extended("email_protection"),
    }
}

const KEY_AGREEMENT: KeyUsage = KeyUsage(1 << 4);

/// The profile where it is known, then the extensions.
fn described(facts: &Certificate) -> String {
    let profile = match (facts.profile.offer, facts.profile.usage) {
        (Some(offer), Some(usage)) => Some(format!("{offer}/{usage}")),
        (Some(offer), None) => Some(offer.to_string()),
        (None, Some(usage)) => Some(usage.to_string()),
        (None, None) => None,
    };
    let bits = facts.key_usage.map(KeyUsage::names).unwrap_or_default();
    let purposes = facts.extended_key_usage.iter().map(|purpose| &**purpose);
    let extensions: Vec<&str> = bits.into_iter().chain(purposes).collect();
    match (profile, extensions.is_empty()) {
        (Some(profile), true) => profile,
        (Some(profile), false) => format!("{profile} ({})", extensions.join(", ")),
        (None, false) => extensions.join(", "),
        (None, true) => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::certificate::KeyUsage;
    use crate::domain::offer::{Offer, Usage};
    use crate::policy::fixture::World;

    fn world(offer: Offer, usage: Usage, make: impl Fn(&mut crate::policy::fixture::Maker) + 'static) -> World {
        World::new()
            .with_installed("dmp", 1)
            .redeclare("dmp", move |d| {
                d.offer = offer;
                d.usage = usage;
            })
            .certificate(1, make)
    }

    #[test]
    fn compares_the_profile() {
        assert!(world(Offer::Org, Usage::AuthCli, |_| {}).judge(&super::RULE).is_empty());
        let found = world(Offer::Serv, Usage::SslServ, |_| {}).judge(&super::RULE);
        assert_eq!(found[0].get("expected"), Some("SERV/SSL_SERV"));
        assert_eq!(found[0].get("found"), Some("ORG/AUTH_CLI (digital_signature, client_auth)"));
    }

    #[test]
    fn organisation_and_server_signatures_look_the_same() {
        let sign = |c: &mut crate::policy::fixture::Maker| {
            c.facts.profile.usage = Some(Usage::Sign);
            c.facts.key_usage = Some(KeyUsage(3));
            c.facts.extended_key_usage = ["email_protection".into()].into();
        };
        assert!(world(Offer::Serv, Usage::Sign, sign).judge(&super::RULE).is_empty());
        assert_eq!(world(Offer::Pro, Usage::Sign, sign).judge(&super::RULE).len(), 1);
    }

    #[test]
    fn the_extensions_have_the_last_word() {
        let odd = world(Offer::Org, Usage::AuthCli, |c| c.facts.extended_key_usage = ["server_auth".into()].into());
        assert_eq!(odd.judge(&super::RULE).len(), 1);
        let unsaid = world(Offer::Org, Usage::AuthCli, |c| {
            c.foreign("CN=x");
            c.facts.key_usage = None;
            c.facts.extended_key_usage = [].into();
        });
        assert!(unsaid.judge(&super::RULE).is_empty());
    }
}
