//! SHA-256, the one digest that names things and chains the audit trail.

use crate::domain::fingerprint::Fingerprint;

/// SHA-256 over `bytes`.
pub fn sha256(bytes: &[u8]) -> Fingerprint {
    let mut value = [0; 32];
    value.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    Fingerprint(value)
}
