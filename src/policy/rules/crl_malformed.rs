//! What was served in the place of a revocation list is none, or half a one: a portal page with status 200, a broken transfer.

use crate::domain::crl::Trouble;
use crate::domain::finding::{Finding, Severity};
use crate::policy::lists::{FACTS, failing};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "crl_malformed",
    severity: Severity::Warning,
    reference: "RFC 5280 section 5.1; X.690",
    facts: &FACTS,
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    failing(view, &RULE, Trouble::Malformed, false)
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{LIST, World, keys_of};

    #[test]
    fn speaks_of_its_own_trouble() {
        let found = World::new().list_failing("not_a_crl", 200_000).judge(&super::RULE);
        assert_eq!(keys_of(&found), [format!("crl:{LIST}")]);
        assert!(World::new().list_failing("timeout", 200_000).judge(&super::RULE).is_empty());
    }
}
