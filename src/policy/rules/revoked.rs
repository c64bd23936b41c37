//! Revoked: a list says that a certificate people depend on, or one of the authorities above it, is revoked.
//!
//! Correspondents who look at the list refuse it, those who do not trust a key that somebody may hold. On hold is revoked too, for the time being.

use crate::domain::finding::{Finding, Severity};
use crate::domain::revocation::Status;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "revoked",
    severity: Severity::Critical,
    reference: "RFC 5280 section 6.3; CGU article 5.5",
    facts: &["subject", "sha256", "not_after", "path", "revoked_at", "reason", "number"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for bearer in view.watched() {
        let known = view.inventory.revocation.certificates.get(&bearer.seen.facts.fingerprint);
        let Some(known) = known.filter(|known| known.status == Status::Revoked) else { continue };
        // What nobody uses any more was perhaps revoked for that.
        let severity = if bearer.in_use() { RULE.severity } else { Severity::Warning };
        let entry = known.revocation.as_ref();
        let list = known.list.as_ref();
        let mut finding = bearer
            .finding(RULE.code, severity)
            .fact("revoked_at", entry.map_or_else(|| "-".to_owned(), |entry| entry.revoked_at.to_string()))
            .fact("reason", entry.and_then(|entry| entry.reason).map_or("none", |reason| reason.as_str()))
            .fact("number", list.and_then(|list| list.crl_number.as_deref()).unwrap_or("-"));
        if let Some(authority) = known.authority {
            finding = finding.fact("authority", authority);
        }
        findings.push(finding);
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::domain::revocation::Status;
    use crate::policy::fixture::{World, keys_of};

    #[test]
    fn a_declared_certificate_that_is_revoked_is_critical() {
        let world = || World::new().with_installed("dmp", 1);
        let found = world().revocation(1, Status::Revoked, 0).judge(&super::RULE);
        assert_eq!(keys_of(&found), ["certificate:dmp"]);
        assert_eq!((found[0].severity, found[0].get("reason")), (Severity::Critical, Some("key_compromise")));
        for other in [Status::Good, Status::Unknown] {
            assert!(world().revocation(1, other, 0).judge(&super::RULE).is_empty());
        }
    }
}
