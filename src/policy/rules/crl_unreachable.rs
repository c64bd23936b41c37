//! A revocation list that could not be had for longer than the grace time: what is known of revocations grows old.

use crate::domain::crl::Trouble;
use crate::domain::finding::{Finding, Severity};
use crate::policy::lists::{FACTS, failing};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "crl_unreachable",
    severity: Severity::Warning,
    reference: "RFC 5280 section 6.3; ANS guide 2014 (one fetch a day)",
    facts: &FACTS,
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    failing(view, &RULE, Trouble::Unreachable, true)
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{LIST, World, keys_of};

    #[test]
    fn speaks_of_its_own_trouble() {
        let found = World::new().list_failing("unreachable", 200_000).judge(&super::RULE);
        assert_eq!(keys_of(&found), [format!("crl:{LIST}")]);
        assert!(World::new().list_failing("malformed", 200_000).judge(&super::RULE).is_empty());
        // Not before the grace time is over.
        assert!(World::new().list_failing("unreachable", 3_600).judge(&super::RULE).is_empty());
    }
}
