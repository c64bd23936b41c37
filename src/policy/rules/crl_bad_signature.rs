//! No key of the issuer made the signature of a revocation list: somebody else did, or it was changed on its way.

use crate::domain::crl::Trouble;
use crate::domain::finding::{Finding, Severity};
use crate::policy::lists::{FACTS, failing};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "crl_bad_signature",
    severity: Severity::Critical,
    reference: "RFC 5280 section 6.3.3 (g)",
    facts: &FACTS,
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    failing(view, &RULE, Trouble::BadSignature, false)
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{LIST, World, keys_of};

    #[test]
    fn speaks_of_its_own_trouble() {
        let found = World::new().list_failing("bad_signature", 200_000).judge(&super::RULE);
        assert_eq!(keys_of(&found), [format!("crl:{LIST}")]);
        assert!(World::new().list_failing("malformed", 200_000).judge(&super::RULE).is_empty());
    }
}
