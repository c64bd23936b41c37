//! Unknown issuer: a certificate does not lead to a configured trust anchor.
//!
//! RFC 5280 section 6.1: a path is valid from a trust anchor only. Spoken of for declared and IGC-Santé certificates and only while
//! anchors are configured; a self-signed root with the right name and another key is caught here. So is a certificate that names a known
//! authority and that no key of that name signed: damaged, forged, or of a key of that authority nobody here knows.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use crate::domain::certificate::Certificate;
use crate::domain::finding::{Finding, Severity};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::IssuerLink;
use crate::policy::chain::{ChainEnd, walk};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "unknown_issuer",
    severity: Severity::Warning,
    reference: "RFC 5280 section 6.1",
    facts: &["subject", "sha256", "not_after", "path", "kind", "issuer"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    if view.inventory.anchors.is_empty() {
        return Vec::new();
    }
    // A fleet has a few issuers: the way up from each is walked once.
    let mut ends: HashMap<Fingerprint, ChainEnd<'_>> = HashMap::new();
    let authorities: OnceCell<HashSet<&str>> = OnceCell::new();
    let is_known = |name: &str| {
        let authorities = authorities.get_or_init(|| {
            let inventory = view.inventory.certificates.values().map(|record| &*record.facts);
            let anchors = view.inventory.anchors.iter().map(|anchor| &**anchor);
            inventory.filter(|facts| facts.is_ca).chain(anchors).map(|facts| &*facts.subject).collect()
        });
        authorities.contains(name)
    };
    let is_unsigned = |facts: &Certificate| {
        let record = view.inventory.certificate(&facts.fingerprint);
        record.is_some_and(|record| record.issuer == IssuerLink::Unknown)
    };
    view.watched()
        .filter(|bearer| bearer.slot.is_some() || bearer.seen.facts.profile.is_igc_sante())
        .filter_map(|bearer| {
            let facts = bearer.seen.facts;
            let end = match bearer.seen.issuer {
                IssuerLink::Issued(_) if view.is_anchor(facts) => ChainEnd::Anchor,
                IssuerLink::Issued(issuer) => *ends.entry(issuer).or_insert_with(|| walk(view, facts, None)),
                IssuerLink::Unknown | IssuerLink::SelfSigned => walk(view, facts, None),
            };
            let (kind, issuer) = match end {
                ChainEnd::Anchor => return None,
                ChainEnd::Unknown(last) if is_unsigned(last) && is_known(&last.issuer) => {
                    ("bad_signature", &last.issuer)
                }
                ChainEnd::Unknown(last) | ChainEnd::Absent(last) => ("unknown", &last.issuer),
                ChainEnd::SelfSigned(last) if last.fingerprint == bearer.seen.facts.fingerprint => {
                    ("self_signed", &last.issuer)
                }
                ChainEnd::SelfSigned(last) => ("untrusted", &last.subject),
            };
            if view.is_replaced(bearer.seen) {
                return None;
            }
            // A self-signed certificate of a person would repeat the person's name.
            let shown = if kind == "self_signed" { bearer.seen.name() } else { issuer.to_string() };
            Some(bearer.finding(RULE.code, RULE.severity).fact("kind", kind).fact("issuer", shown))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::inventory::IssuerLink;
    use crate::policy::fixture::World;

    fn kind(world: &World) -> Option<String> {
        world.judge(&super::RULE).first().and_then(|finding| finding.get("kind").map(str::to_owned))
    }

    #[test]
    fn leads_to_an_anchor_or_is_spoken_of() {
        let world = World::new().with_installed("dmp", 1).with_authorities(1, 50, 51);
        assert_eq!(kind(&world), None, "without anchors nothing can be said");
        assert_eq!(kind(&world.clone().anchor(51)), None);
        assert_eq!(kind(&world.clone().anchor(50)), None);
        assert_eq!(kind(&world.clone().anchor(60)).as_deref(), Some("untrusted"));
        assert_eq!(kind(&world.clone().anchor(51).issuer(1, IssuerLink::Unknown)).as_deref(), Some("unknown"));
        assert_eq!(kind(&world.anchor(51).issuer(1, IssuerLink::SelfSigned)).as_deref(), Some("self_signed"));
    }

    #[test]
    fn an_issuer_that_is_known_did_not_sign() {
        let world = World::new().with_installed("dmp", 1).with_authorities(1, 50, 51).anchor(51);
        let unsigned = |issuer: &str| world.clone().certificate(1, |c| c.facts.issuer = issuer.into());
        let kind = |issuer| kind(&unsigned(issuer).issuer(1, IssuerLink::Unknown));
        assert_eq!(kind("CN=AC IGC-SANTE ELEMENTAIRE ORGANISATIONS").as_deref(), Some("bad_signature"));
        assert_eq!(kind("CN=AC RACINE IGC-SANTE ELEMENTAIRE").as_deref(), Some("bad_signature"));
        assert_eq!(kind("CN=AC D'AILLEURS").as_deref(), Some("unknown"));
    }

    #[test]
    fn a_loop_of_issuers_ends() {
        let world = World::new().with_installed("dmp", 1).with_authorities(1, 50, 51).anchor(60);
        let fingerprint = crate::policy::fixture::fingerprint(50);
        assert_eq!(kind(&world.issuer(51, IssuerLink::Issued(fingerprint))).as_deref(), Some("unknown"));
    }
}
