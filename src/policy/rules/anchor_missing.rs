//! Anchor missing: certificates are declared, and no trust anchor could be read, or one of the places that should hold some could not.
//!
//! Without an anchor no path can be valid (RFC 5280 section 6.1): who issued a certificate is not judged, and no revocation list is
//! asked for. Saying nothing then would look like health.

use crate::domain::finding::{Finding, Severity, Subject};
use crate::domain::inventory::ItemError;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "anchor_missing",
    severity: Severity::Warning,
    reference: "RFC 5280 section 6.1",
    facts: &["kind", "path", "reason", "message"],
    check,
};

/// The key of the configuration, which is to anchors what its name is to a source.
const KEY: &str = "trust.anchors";

fn check(view: &View<'_>) -> Vec<Finding> {
    let inventory = view.inventory;
    if inventory.declaration.certificates.is_empty() {
        return Vec::new();
    }
    if inventory.anchors.is_empty() {
        return vec![finding("none", inventory.anchor_errors.first())];
    }
    let left_out = inventory.anchor_errors.iter();
    left_out.map(|error| finding("left_out", Some(error)).at(&error.place)).collect()
}

fn finding(kind: &'static str, error: Option<&ItemError>) -> Finding {
    let finding = Finding::new(RULE.code, RULE.severity, &Subject::Source(KEY.into())).fact("kind", kind);
    let (path, reason, message) = match error {
        Some(error) => (&*error.place, &*error.problem.reason, &*error.problem.message),
        None => ("-", "none", ""),
    };
    finding.fact("path", path).fact("reason", reason).fact("message", message)
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{World, keys_of};

    #[test]
    fn only_where_something_is_declared() {
        let world = World::new();
        assert!(world.judge(&super::RULE).is_empty());
        let world = world.with_installed("dmp", 1);
        let found = world.judge(&super::RULE);
        assert_eq!(keys_of(&found), ["source:trust.anchors"]);
        assert_eq!((found[0].get("kind"), found[0].get("reason")), (Some("none"), Some("none")));
        assert!(world.anchor(9).judge(&super::RULE).is_empty());
    }

    #[test]
    fn each_place_that_could_not_be_read_is_told() {
        let world = World::new().with_installed("dmp", 1).anchor_error("/etc/a", "root_missing");
        let found = world.judge(&super::RULE);
        assert_eq!((found.len(), found[0].get("path"), found[0].get("kind")), (1, Some("/etc/a"), Some("none")));
        let world = world.anchor(9).anchor_error("/etc/b.pem", "not_a_ca");
        let found = world.judge(&super::RULE);
        assert_eq!(keys_of(&found), ["source:trust.anchors @ /etc/a", "source:trust.anchors @ /etc/b.pem"]);
        assert_eq!(found[1].get("kind"), Some("left_out"));
    }
}
