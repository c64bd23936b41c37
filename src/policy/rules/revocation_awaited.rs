//! Revocation awaited: an opposition of a card, or the revocation of a certificate, was declared and no list says so yet. Until one does, whoever
//! holds the key is believed.

use crate::domain::crl::AwaitedSubject;
use crate::domain::finding::{Finding, Severity, Subject};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "revocation_awaited",
    severity: Severity::Warning,
    reference: "CGU article 5.5; RFC 5280 section 5",
    facts: &["what", "declared_at"],
    check,
};

/// Lists are published every day: what is not in the second one needs somebody to ask.
const LATE: i64 = 2 * 86_400;

fn check(view: &View<'_>) -> Vec<Finding> {
    let awaited = view.inventory.revocation.awaited.iter().filter(|awaited| awaited.seen.is_none());
    awaited
        .map(|awaited| {
            let subject = match &awaited.what {
                AwaitedSubject::Card(number) => Subject::Card(number.clone()),
                AwaitedSubject::Certificate(fingerprint) => Subject::Found(*fingerprint),
            };
            let late = awaited.declared_at.plus_seconds(LATE) <= view.now;
            let severity = if late { Severity::Critical } else { RULE.severity };
            Finding::new(RULE.code, severity, &subject)
                .fact("what", &awaited.what)
                .fact("declared_at", awaited.declared_at)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::finding::Severity;
    use crate::policy::fixture::{World, keys_of};

    #[test]
    fn speaks_until_it_is_seen() {
        let found = World::new().awaited("2600301752", 3_600, false).judge(&super::RULE);
        assert_eq!(keys_of(&found), ["card:2600301752"]);
        assert_eq!(found[0].severity, Severity::Warning);
        let late = World::new().awaited("2600301752", 3 * 86_400, false).judge(&super::RULE);
        assert_eq!(late[0].severity, Severity::Critical);
        assert!(World::new().awaited("2600301752", 3_600, true).judge(&super::RULE).is_empty());
    }
}
