//! Environment mismatch: a TEST certificate in a production slot, the reverse, or a certificate that says both.
//!
//! The environment is told by the issuing authority and by the product category (ANS TRE_G01: 0x80 and above is TEST). Production
//! services refuse TEST certificates, and a production key does not belong on a test bench (CGU 5.3.2).

use crate::domain::finding::{Finding, Severity};
use crate::domain::profile::Environment;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "environment_mismatch",
    severity: Severity::Critical,
    reference: "ANS TRE_G01; CGU 5.3.2",
    facts: &["subject", "sha256", "not_after", "path", "kind"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.watched()
        .filter_map(|bearer| {
            let profile = &bearer.seen.facts.profile;
            let declared = bearer.slot.map(|slot| slot.declared.environment);
            let (kind, severity) = match (profile.environment, declared) {
                _ if profile.contradictory_environment => ("contradictory", Severity::Warning),
                (Some(Environment::Test), Some(Environment::Production)) => ("test_in_production", Severity::Critical),
                (Some(Environment::Production), Some(Environment::Test)) => ("production_in_test", Severity::Warning),
                _ => return None,
            };
            Some(bearer.finding(RULE.code, severity).fact("kind", kind))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::profile::Environment;
    use crate::policy::fixture::World;

    fn kind(declared: Environment, found: Option<Environment>, contradictory: bool) -> Option<String> {
        let world = World::new()
            .with_installed("dmp", 1)
            .redeclare("dmp", move |d| d.environment = declared)
            .certificate(1, move |c| {
                c.facts.profile.environment = found;
                c.facts.profile.contradictory_environment = contradictory;
            });
        world.judge(&super::RULE).first().and_then(|finding| finding.get("kind").map(str::to_owned))
    }

    #[test]
    fn compares_both_ways() {
        use Environment::{Production, Test};
        assert_eq!(kind(Production, Some(Production), false), None);
        assert_eq!(kind(Production, None, false), None);
        assert_eq!(kind(Production, Some(Test), false).as_deref(), Some("test_in_production"));
        assert_eq!(kind(Test, Some(Production), false).as_deref(), Some("production_in_test"));
        assert_eq!(kind(Test, Some(Test), true).as_deref(), Some("contradictory"));
    }
}
