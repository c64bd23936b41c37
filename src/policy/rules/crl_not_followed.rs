//! Certificates name more revocation lists than are followed: three addresses of one certificate, and 512 lists in all. Nothing is asked for the
//! others, and what only they say stays unknown.

use crate::domain::finding::{Finding, Severity, Subject};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "crl_not_followed",
    severity: Severity::Warning,
    reference: "RFC 5280 section 4.2.1.13; Vigie: bounds of revocation lists",
    facts: &["issuer", "list", "count"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let beyond = view.inventory.revocation.beyond.iter();
    let finding = |(issuer, beyond): (&std::sync::Arc<str>, &crate::domain::crl::Beyond)| {
        Finding::new(RULE.code, RULE.severity, &Subject::Crl(issuer.clone()))
            .fact("issuer", issuer)
            .fact("list", &beyond.example)
            .fact("count", beyond.lists)
    };
    beyond.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{World, keys_of};

    #[test]
    fn speaks_once_for_each_authority() {
        let found = World::new().lists_beyond("CN=AC", 57).judge(&super::RULE);
        assert_eq!(keys_of(&found), ["crl:CN=AC"]);
        assert!(World::new().judge(&super::RULE).is_empty());
    }
}
