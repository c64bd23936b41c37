//! A revocation list is larger than the bound, and is not read.

use crate::domain::crl::Trouble;
use crate::domain::finding::{Finding, Severity};
use crate::policy::lists::{FACTS, failing};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "crl_too_large",
    severity: Severity::Warning,
    reference: "Vigie: revocation.max_bytes",
    facts: &FACTS,
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    failing(view, &RULE, Trouble::TooLarge, false)
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{LIST, World, keys_of};

    #[test]
    fn speaks_of_its_own_trouble() {
        let found = World::new().list_failing("too_large", 200_000).judge(&super::RULE);
        assert_eq!(keys_of(&found), [format!("crl:{LIST}")]);
        assert!(World::new().list_failing("malformed", 200_000).judge(&super::RULE).is_empty());
    }
}
