//! Not yet valid: a certificate in use begins in the future, and peers refuse it (RFC 5280 section 4.1.2.5).
//!
//! A successor waiting beside the one in use is what it should be, so only certificates in use are spoken of. A clock that
//! is a little behind is not a finding (`clock_skew`).

use crate::domain::finding::{Finding, Severity};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "not_yet_valid",
    severity: Severity::Critical,
    reference: "RFC 5280 section 4.1.2.5",
    facts: &["subject", "sha256", "not_after", "path", "not_before"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let skew = i64::try_from(view.settings.clock_skew.as_secs()).unwrap_or(i64::MAX);
    let latest = view.now.plus_seconds(skew);
    view.watched()
        .filter(|bearer| bearer.seen.validity.0 > latest && bearer.in_use())
        .map(|bearer| bearer.finding(RULE.code, RULE.severity).fact("not_before", bearer.seen.facts.not_before))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{World, keys_of};

    #[test]
    fn only_what_is_in_use() {
        let world = World::new()
            .with_installed("dmp", 1)
            .certificate(2, |c| c.days(3, 1000))
            .place("/srv/next.pem", |at| at.certificate(2));
        assert!(world.judge(&super::RULE).is_empty());
        let world = world.place("/srv/dmp.pem", |at| at.certificate(2));
        assert_eq!(keys_of(&world.judge(&super::RULE)), ["certificate:dmp"]);
    }

    #[test]
    fn a_clock_a_little_behind_is_forgiven() {
        let world = World::new().with_installed("dmp", 1);
        let world = world.certificate(1, |c| c.facts.not_before = crate::policy::fixture::NOW.plus_seconds(200));
        assert!(world.judge(&super::RULE).is_empty());
    }
}
