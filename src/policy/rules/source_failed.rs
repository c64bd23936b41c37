//! Source failed: a whole source could not be read at its last run, so what is known of it is as old as its last success.
//!
//! A source that fails deletes nothing; what must not happen is that nobody hears of it.

use crate::domain::finding::{Finding, Severity, Subject};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "source_failed",
    severity: Severity::Warning,
    reference: "Vigie: an unread source is not a healthy one",
    facts: &["source", "reason", "message"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, state) in &view.inventory.sources {
        let Some(problem) = &state.failure else { continue };
        let mut finding = Finding::new(RULE.code, RULE.severity, &Subject::Source(name.clone()))
            .fact("source", name)
            .fact("reason", &problem.reason)
            .fact("message", &problem.message);
        if let Some(success) = state.last_success {
            finding = finding.fact("last_success", success);
        }
        findings.push(finding);
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{World, keys_of};

    #[test]
    fn names_the_source() {
        assert!(World::new().judge(&super::RULE).is_empty());
        let found = World::new().failed_source("tls-folders", "timeout").judge(&super::RULE);
        assert_eq!(keys_of(&found), ["source:tls-folders"]);
        assert_eq!(found[0].get("reason"), Some("timeout"));
    }
}
