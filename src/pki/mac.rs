//! HMAC-SHA256, for receivers that want to know who speaks.

use aws_lc_rs::hmac;

/// HMAC-SHA256 of `bytes` under `key` (RFC 2104, FIPS 198-1).
pub fn hmac_sha256(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes);
    let mut value = [0; 32];
    for (to, from) in value.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_vector() {
        // RFC 4231 section 4.3.
        let tag = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
