//! Chain incomplete: an intermediate authority is missing from what an endpoint serves, or from files that are to carry the chain.
//!
//! RFC 8446 section 4.4.2: a server sends every certificate up to the anchor, which itself may be left out. Files are judged only
//! where they are meant to carry a chain: a `chain` is declared, the certificate file holds more than one certificate, or the
//! keystore is a PKCS#12 (the platform delivers those with the whole chain).

use std::collections::BTreeSet;

use crate::domain::declaration::Keystore;
use crate::domain::finding::{Finding, Severity};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::observation::Observation;
use crate::policy::chain::{ChainEnd, walk};
use crate::policy::{Bearer, Rule, Slot, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "chain_incomplete",
    severity: Severity::Warning,
    reference: "RFC 8446 section 4.4.2; RFC 5280 section 6.1",
    facts: &["id", "subject", "sha256", "not_after", "path", "place", "issuer"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.slots.iter().flat_map(|slot| on_disk(view, slot).into_iter().chain(served(view, slot))).collect()
}

fn on_disk(view: &View<'_>, slot: &Slot<'_>) -> Option<Finding> {
    let path = slot.declared.certificate_path()?;
    let seen = view.seen.get(slot.current?)?;
    let held = |place: Option<_>| place.into_iter().flat_map(Observation::certificates);
    let in_file: BTreeSet<Fingerprint> = held(slot.file).collect();
    let chain = slot.declared.chain_path();
    let is_store = matches!(slot.declared.keystore, Keystore::Pkcs12 { .. });
    if chain.is_none() && in_file.len() < 2 && !is_store {
        return None;
    }
    let within: Vec<Fingerprint> = in_file.into_iter().chain(held(slot.chain)).collect();
    let ChainEnd::Absent(missing) = walk(view, seen.facts, Some(&within)) else { return None };
    let place = chain.unwrap_or(path).to_string();
    let finding = Bearer { seen, slot: Some(slot) }.finding(RULE.code, RULE.severity).at(&place);
    Some(finding.fact("place", place).fact("issuer", &missing.subject))
}

fn served(view: &View<'_>, slot: &Slot<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for served in &slot.served {
        let Some(observation) = served.observation else { continue };
        let Some(seen) = served.leaf.and_then(|index| view.seen.get(index)) else { continue };
        let within: Vec<Fingerprint> = observation.certificates().collect();
        let issuer = match walk(view, seen.facts, Some(&within)) {
            ChainEnd::Absent(missing) => &missing.subject,
            // A lone leaf whose issuer nobody knows: peers know no more than we do. With anchors, `unknown_issuer` says it.
            ChainEnd::Unknown(last) if within.len() == 1 && view.inventory.anchors.is_empty() => &last.issuer,
            _ => continue,
        };
        let bearer = Bearer { seen, slot: Some(slot) };
        let finding = bearer.finding(RULE.code, RULE.severity).at(served.endpoint);
        findings.push(finding.fact("place", served.endpoint).fact("issuer", issuer));
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{Place, World, keys_of};

    const ENDPOINT: &str = "tls://dmp.ch.fr:443";

    /// 1 issued by 50, 50 issued by the root 51.
    fn world() -> World {
        World::new().with_installed("dmp", 1).with_authorities(1, 50, 51).redeclare("dmp", |d| d.endpoint(ENDPOINT))
    }

    #[test]
    fn a_server_sends_its_intermediates() {
        assert_eq!(
            keys_of(&world().serve(ENDPOINT, &[1]).judge(&super::RULE)),
            ["certificate:dmp @ tls://dmp.ch.fr:443"]
        );
        assert!(world().serve(ENDPOINT, &[1, 50]).judge(&super::RULE).is_empty());
        assert!(world().serve(ENDPOINT, &[1, 50, 51]).judge(&super::RULE).is_empty());
        assert!(
            world().anchor(50).serve(ENDPOINT, &[1]).judge(&super::RULE).is_empty(),
            "the intermediate is an anchor"
        );
    }

    #[test]
    fn files_are_judged_where_they_carry_a_chain() {
        let on_disk = |make: fn(Place) -> Place| world().place("/srv/dmp.pem", make).judge(&super::RULE);
        assert!(on_disk(|at| at.certificate(1)).is_empty());
        assert!(on_disk(|at| at.certificate(1).certificate(50)).is_empty());
        let found = on_disk(|at| at.certificate(1).certificate(51));
        assert_eq!(keys_of(&found), ["certificate:dmp @ /srv/dmp.pem"]);
        assert!(found[0].get("issuer").is_some_and(|issuer| issuer.contains("ORGANISATIONS")));
    }

    #[test]
    fn a_lone_leaf_of_unknown_origin() {
        let world =
            World::new().with_installed("dmp", 1).redeclare("dmp", |d| d.endpoint(ENDPOINT)).serve(ENDPOINT, &[1]);
        assert_eq!(world.judge(&super::RULE).len(), 1);
        assert!(world.anchor(51).judge(&super::RULE).is_empty());
    }
}
