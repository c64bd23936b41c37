//! SHA-256, the one hash that names things here.

use aws_lc_rs::digest;

use crate::domain::fingerprint::Fingerprint;

/// SHA-256 over `bytes`.
pub fn sha256(bytes: &[u8]) -> Fingerprint {
    let mut value = [0; 32];
    for (to, from) in value.iter_mut().zip(digest::digest(&digest::SHA256, bytes).as_ref()) {
        *to = *from;
    }
    Fingerprint(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_vector() {
        // FIPS 180-4 example "abc".
        assert_eq!(sha256(b"abc").to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
