//! Who speaks: an HMAC over the time and the body, so that a receiver can refuse both a forged message and a replayed one.

use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::time::Timestamp;
use crate::pki::mac::hmac_sha256;

/// The header.
pub(super) const NAME: &str = "X-Vigie-Signature";

/// `t=<seconds since 1970>,v1=<hex of HMAC-SHA256 over "t.body">`.
pub(super) fn header(secret: &SecretString, now: Timestamp, body: &str) -> String {
    let signed = format!("{}.{body}", now.unix());
    let tag = hmac_sha256(secret.expose_secret().as_bytes(), signed.as_bytes());
    let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={},v1={hex}", now.unix())
}
