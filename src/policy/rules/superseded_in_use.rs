//! Superseded in use: the renewed certificate is in the inventory and valid, and the declared place still holds the old one.
//!
//! CGU 5.4 and the portal's own procedure: a renewal is done when the new certificate stands in place of the old one.

use crate::domain::finding::{Finding, Severity};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "superseded_in_use",
    severity: Severity::Warning,
    reference: "CGU 5.4",
    facts: &[
        "id",
        "subject",
        "sha256",
        "not_after",
        "path",
        "end",
        "successor_sha256",
        "successor_path",
        "successor_not_after",
    ],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.installed()
        .filter_map(|(_, bearer)| {
            let next = view.successor_valid_now(bearer.seen)?;
            let severity = if view.is_urgent(bearer.seen.facts) { Severity::Critical } else { RULE.severity };
            let place = next.places.first().map(|place| place.location.to_string()).unwrap_or_default();
            let finding = bearer.finding(RULE.code, severity).fact("end", bearer.seen.facts.end());
            let finding = finding.fact("successor_sha256", next.facts.fingerprint).fact("successor_path", place);
            Some(finding.fact("successor_not_after", next.facts.not_after))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::World;

    fn with_next(from: i64, make: fn(&mut crate::policy::fixture::Maker)) -> World {
        World::new()
            .with_installed("dmp", 1)
            .certificate(1, |c| c.days(-900, 40))
            .certificate(2, move |c| {
                c.days(from, 1100);
                make(c);
            })
            .place("/in/2.pem", |at| at.certificate(2))
    }

    #[test]
    fn speaks_of_a_valid_successor_only() {
        let found = with_next(-1, |_| {}).judge(&super::RULE);
        assert_eq!(found[0].get("successor_path"), Some("/in/2.pem"));
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(with_next(5, |_| {}).judge(&super::RULE).is_empty());
        assert!(with_next(-1, |c| c.common_name("OTHER")).judge(&super::RULE).is_empty());
        assert!(with_next(-1, |c| c.structure("130786049")).judge(&super::RULE).is_empty());
    }

    #[test]
    fn quiet_once_installed() {
        let world = with_next(-1, |_| {}).place("/srv/dmp.pem", |at| at.certificate(2));
        assert!(world.judge(&super::RULE).is_empty());
    }
}
