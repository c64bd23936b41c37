//! A revocation list has a lower number than the one that is held: an old copy, perhaps put there on purpose.

use crate::domain::crl::Trouble;
use crate::domain::finding::{Finding, Severity};
use crate::policy::lists::{FACTS, failing};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "crl_number_backwards",
    severity: Severity::Warning,
    reference: "RFC 5280 section 5.2.3",
    facts: &FACTS,
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    failing(view, &RULE, Trouble::NumberBackwards, false)
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{LIST, World, keys_of};

    #[test]
    fn speaks_of_its_own_trouble() {
        let found = World::new().list_failing("number_backwards", 200_000).judge(&super::RULE);
        assert_eq!(keys_of(&found), [format!("crl:{LIST}")]);
        assert!(World::new().list_failing("malformed", 200_000).judge(&super::RULE).is_empty());
    }
}
