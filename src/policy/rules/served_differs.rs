//! Served differs: an endpoint of a declared certificate serves another certificate than the declared file holds.
//!
//! Mostly a renewal whose service was not reloaded: the new certificate lies on the disk, the old one is still served. That case
//! is told by the fact `renewed`.

use crate::domain::finding::{Finding, Severity};
use crate::policy::{Bearer, Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "served_differs",
    severity: Severity::Warning,
    reference: "RFC 8446 section 4.4.2; CGU 5.4",
    facts: &[
        "id",
        "subject",
        "sha256",
        "not_after",
        "path",
        "endpoint",
        "renewed",
        "served_subject",
        "served_sha256",
        "served_end",
    ],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (slot, bearer) in view.installed() {
        for served in &slot.served {
            let Some(other) = served.leaf.and_then(|index| view.seen.get(index)) else { continue };
            if other.facts.fingerprint == bearer.seen.facts.fingerprint {
                continue;
            }
            let renewed = view.same_lineage(other, bearer.seen) && other.facts.end() < bearer.seen.facts.end();
            let severity = if view.is_urgent(other.facts) { Severity::Critical } else { RULE.severity };
            let bearer = Bearer { seen: bearer.seen, slot: Some(slot) };
            let finding = bearer
                .finding(RULE.code, severity)
                .at(served.endpoint)
                .fact("endpoint", served.endpoint)
                .fact("renewed", if renewed { "yes" } else { "no" })
                .fact("served_subject", other.name())
                .fact("served_sha256", other.facts.fingerprint)
                .fact("served_end", other.facts.end());
            findings.push(finding);
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::World;

    const ENDPOINT: &str = "tls://dmp.ch.fr:443";

    fn world() -> World {
        World::new().with_installed("dmp", 1).redeclare("dmp", |d| d.endpoint(ENDPOINT))
    }

    #[test]
    fn tells_a_renewal_not_reloaded_from_a_stranger() {
        assert!(world().serve(ENDPOINT, &[1]).judge(&super::RULE).is_empty());
        assert!(world().judge(&super::RULE).is_empty(), "never connected");
        let old = world().certificate(2, |c| c.days(-1000, 90)).serve(ENDPOINT, &[2]).judge(&super::RULE);
        assert_eq!((old[0].get("renewed"), old[0].severity), (Some("yes"), Severity::Warning));
        let dying = world().certificate(2, |c| c.days(-1000, 9)).serve(ENDPOINT, &[2]).judge(&super::RULE);
        assert_eq!(dying[0].severity, Severity::Critical);
        let other = world().certificate(2, |c| c.foreign("CN=x")).serve(ENDPOINT, &[2]).judge(&super::RULE);
        assert_eq!(other[0].get("renewed"), Some("no"));
    }
}
