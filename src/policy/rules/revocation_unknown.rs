//! Revocation unknown: for longer than the grace time nobody can say whether a declared certificate is revoked. Unknown is never good.
//!
//! A certificate whose path does not end in a trust anchor is the matter of `unknown_issuer`.

use crate::domain::finding::{Finding, Severity};
use crate::domain::revocation::Status;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "revocation_unknown",
    severity: Severity::Warning,
    reference: "RFC 5280 section 6.3.3",
    facts: &["subject", "sha256", "not_after", "path", "why", "since"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let grace = i64::try_from(view.settings.revocation_grace.as_secs()).unwrap_or(0);
    let mut findings = Vec::new();
    for (_, bearer) in view.installed() {
        let known = view.inventory.revocation.certificates.get(&bearer.seen.facts.fingerprint);
        let Some(known) = known.filter(|known| known.status == Status::Unknown) else { continue };
        // Lists drop what is over.
        if known.since.plus_seconds(grace) > view.now || bearer.seen.facts.not_after < view.now {
            continue;
        }
        let why = known.why.map_or("no_list", |why| why.as_str());
        findings.push(bearer.finding(RULE.code, RULE.severity).fact("why", why).fact("since", known.since));
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::domain::revocation::Status;
    use crate::policy::fixture::{World, keys_of};

    #[test]
    fn speaks_after_the_grace_time() {
        let judged = |status, ago| {
            keys_of(&World::new().with_installed("dmp", 1).revocation(1, status, ago).judge(&super::RULE))
        };
        assert_eq!(judged(Status::Unknown, 90_000), ["certificate:dmp"]);
        assert_eq!(judged(Status::Unknown, 80_000), [""; 0]);
        assert_eq!(judged(Status::Good, 90_000), [""; 0]);
    }
}
