//! Key mismatch: the declared key file does not hold the private key of the declared certificate.
//!
//! Compared by SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). A key that stays encrypted cannot be compared and is not accused.

use crate::domain::finding::{Finding, Severity};
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "key_mismatch",
    severity: Severity::Critical,
    reference: "RFC 5280 section 4.1.2.7",
    facts: &["id", "subject", "sha256", "not_after", "path", "key_path"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.installed()
        .filter_map(|(slot, bearer)| {
            let path = slot.declared.key_path()?;
            let place = slot.key_file?;
            let mut keys = place.private_keys().peekable();
            keys.peek()?;
            let own = bearer.seen.facts.spki;
            let fits = keys.any(|key| key.spki.is_none_or(|spki| spki == own));
            (!fits).then(|| bearer.finding(RULE.code, RULE.severity).fact("key_path", path))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::policy::fixture::{World, keys_of};

    #[test]
    fn compares_public_keys() {
        let world = World::new().with_installed("dmp", 1);
        assert!(world.judge(&super::RULE).is_empty());
        let world = world.place("/srv/dmp.key", |at| at.key(9));
        assert_eq!(keys_of(&world.judge(&super::RULE)), ["certificate:dmp"]);
        let world = world.place("/srv/dmp.key", |at| at.encrypted_key());
        assert!(world.judge(&super::RULE).is_empty());
    }

    #[test]
    fn looks_into_a_store() {
        let world =
            World::new().declare("p12", |d| d.store("/srv/a.p12")).certificate(1, |_| {}).certificate(2, |_| {});
        let good = world.clone().place("/srv/a.p12", |at| at.certificate(2).certificate(1).key(1));
        assert!(good.judge(&super::RULE).is_empty());
        let bad = world.place("/srv/a.p12", |at| at.certificate(1).key(7));
        assert_eq!(keys_of(&bad.judge(&super::RULE)), ["certificate:p12"]);
    }
}
