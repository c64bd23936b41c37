//! The address of a revocation list gives the list of another authority.

use crate::domain::crl::Trouble;
use crate::domain::finding::{Finding, Severity};
use crate::policy::lists::{FACTS, failing};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "crl_wrong_issuer",
    severity: Severity::Warning,
    reference: "RFC 5280 section 6.3.3 (b)",
    facts: &FACTS,
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    failing(view, &RULE, Trouble::WrongIssuer, false)
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{LIST, World, keys_of};

    #[test]
    fn speaks_of_its_own_trouble() {
        let found = World::new().list_failing("wrong_issuer", 200_000).judge(&super::RULE);
        assert_eq!(keys_of(&found), [format!("crl:{LIST}")]);
        assert!(World::new().list_failing("malformed", 200_000).judge(&super::RULE).is_empty());
    }
}
