//! Weak signature: the certificate is signed over SHA-1, MD5 or older.
//!
//! RGS annex B1 (ANSSI) and RFC 6194, RFC 6151. The signature of a self-signed certificate protects nothing, so it is not judged.

use crate::domain::finding::{Finding, Severity};
use crate::domain::inventory::IssuerLink;
use crate::policy::{Rule, View};

/// The rule.
pub const RULE: Rule = Rule {
    code: "weak_signature",
    severity: Severity::Warning,
    reference: "RGS annex B1 (ANSSI); RFC 6194; RFC 6151",
    facts: &["subject", "sha256", "not_after", "path", "algorithm"],
    check,
};

fn check(view: &View<'_>) -> Vec<Finding> {
    view.watched()
        .filter(|bearer| {
            bearer.seen.issuer != IssuerLink::SelfSigned && is_weak(&bearer.seen.facts.signature_algorithm)
        })
        .filter(|bearer| !view.is_replaced(bearer.seen))
        .map(|bearer| {
            bearer.finding(RULE.code, RULE.severity).fact("algorithm", &bearer.seen.facts.signature_algorithm)
        })
        .collect()
}

/// By the names OpenSSL prints: `sha1WithRSAEncryption`, `ecdsa-with-SHA1`, `md5WithRSAEncryption`, `RSA-MD2`…
fn is_weak(algorithm: &str) -> bool {
    let holds =
        |hash: &str| algorithm.as_bytes().windows(hash.len()).any(|at| at.eq_ignore_ascii_case(hash.as_bytes()));
    ["sha1", "sha-1", "md5", "md4", "md2"].iter().any(|hash| holds(hash))
}

#[cfg(test)]
mod tests {
    use crate::domain::inventory::IssuerLink;
    use crate::policy::fixture::World;

    fn signed(name: &'static str) -> World {
        World::new().with_installed("dmp", 1).certificate(1, move |c| c.facts.signature_algorithm = name.into())
    }

    #[test]
    fn old_hashes_are_weak() {
        for name in ["sha1WithRSAEncryption", "ecdsa-with-SHA1", "md5WithRSAEncryption", "RSA-MD2", "dsaWithSHA1"] {
            assert_eq!(signed(name).judge(&super::RULE).len(), 1, "{name}");
        }
        for name in ["sha256WithRSAEncryption", "ecdsa-with-SHA384", "ED25519", "sha512WithRSAEncryption"] {
            assert!(signed(name).judge(&super::RULE).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_self_signature_protects_nothing() {
        let world = signed("sha1WithRSAEncryption").issuer(1, IssuerLink::SelfSigned);
        assert!(world.judge(&super::RULE).is_empty());
    }
}
