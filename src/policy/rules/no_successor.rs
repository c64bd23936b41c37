//! No successor: a declared certificate ends soon (`policy.successor_by`) and nothing in the inventory can take over from it.
//! Before that, `expiring` alone speaks: a renewal that nobody has begun yet is no second trouble.
//!
//! CGU 5.4: it is not renewed by itself. A successor has the same profile and subject identity, ends later, and begins before
//! the old one ends. Once the end is past, `expired` says what is left to do.

use crate::domain::finding::{Finding, Severity};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "no_successor",
    severity: Severity::Warning,
    reference: "CGU 5.4",
    facts: &["id", "subject", "sha256", "not_after", "path", "igc_sante", "end"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.installed()
        .filter(|(_, bearer)| {
            let seen = bearer.seen;
            view.now <= seen.end() && view.should_have_successor(seen.facts) && view.successor(seen).is_none()
        })
        .map(|(_, bearer)| {
            let severity = if view.is_urgent(bearer.seen.facts) { Severity::Critical } else { RULE.severity };
            let finding = bearer.finding(RULE.code, severity).fact("igc_sante", bearer.seen.igc_sante());
            finding.fact("end", bearer.seen.end())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::{World, keys_of};

    fn ends_in(days: i64) -> World {
        World::new().with_installed("dmp", 1).certificate(1, move |c| c.days(-900, days))
    }

    #[test]
    fn speaks_inside_the_window_only() {
        assert!(ends_in(50).judge(&super::RULE).is_empty());
        assert_eq!(ends_in(29).judge(&super::RULE)[0].severity, Severity::Warning);
        assert_eq!(ends_in(10).judge(&super::RULE)[0].severity, Severity::Critical);
        assert!(ends_in(-1).judge(&super::RULE).is_empty());
    }

    #[test]
    fn a_successor_anywhere_quiets_it_unless_it_begins_too_late() {
        let next =
            |from| ends_in(20).certificate(2, move |c| c.days(from, 1100)).place("/in/2.pem", |at| at.certificate(2));
        assert!(next(-1).judge(&super::RULE).is_empty());
        assert!(next(10).judge(&super::RULE).is_empty());
        assert_eq!(keys_of(&next(25).judge(&super::RULE)), ["certificate:dmp"]);
    }

    #[test]
    fn the_certificate_of_another_machine_is_no_successor() {
        let world = ends_in(20)
            .declare("dmp-2", |d| d.files("/srv/dmp-2.pem", "/srv/dmp-2.key"))
            .certificate(2, |c| c.days(-10, 1100))
            .place("/srv/dmp-2.pem", |at| at.certificate(2));
        assert_eq!(keys_of(&world.judge(&super::RULE)), ["certificate:dmp"]);
    }
}
