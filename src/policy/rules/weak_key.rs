//! Weak key: the public key is shorter than what resists, or of an abandoned kind.
//!
//! RGS annex B1 (ANSSI): RSA moduli of at least 2048 bits; every IGC-Santé leaf has exactly that. DSA is out of FIPS 186-5.

use crate::domain::finding::{Finding, Severity};
use crate::domain::key::KeyAlgorithm;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "weak_key",
    severity: Severity::Warning,
    reference: "RGS annex B1 (ANSSI); FIPS 186-5",
    facts: &["subject", "sha256", "not_after", "path", "key", "wanted"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    let minimum = view.settings.min_rsa_bits;
    view.watched()
        .filter(|bearer| match bearer.seen.facts.key {
            KeyAlgorithm::Rsa(bits) | KeyAlgorithm::RsaPss(bits) => bits < minimum,
            KeyAlgorithm::Dsa(_) => true,
            _ => false,
        })
        .filter(|bearer| !view.is_replaced(bearer.seen))
        .map(|bearer| {
            let finding = bearer.finding(RULE.code, RULE.severity).fact("key", &bearer.seen.facts.key);
            finding.fact("wanted", format!("rsa-{minimum}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::key::KeyAlgorithm;
    use crate::policy::fixture::World;

    #[test]
    fn short_rsa_and_dsa_are_weak() {
        let weak = |key: KeyAlgorithm| {
            let world = World::new().with_installed("dmp", 1).certificate(1, move |c| c.facts.key = key.clone());
            !world.judge(&super::RULE).is_empty()
        };
        assert!(weak(KeyAlgorithm::Rsa(1024)) && weak(KeyAlgorithm::RsaPss(2047)) && weak(KeyAlgorithm::Dsa(3072)));
        assert!(!weak(KeyAlgorithm::Rsa(2048)) && !weak(KeyAlgorithm::EcP256) && !weak(KeyAlgorithm::Ed25519));
    }
}
