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

/// SHA-256 over bytes that come one after the other.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sha256")
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl Sha256 {
    /// Nothing came yet.
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything that came.
    pub fn finish(self) -> Fingerprint {
        let mut value = [0; 32];
        for (to, from) in value.iter_mut().zip(self.0.finish().as_ref()) {
            *to = *from;
        }
        Fingerprint(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_published_vector() {
        // FIPS 180-4 example "abc".
        let mut pieces = Sha256::new();
        b"abc".iter().for_each(|byte| pieces.update(&[*byte]));
        assert_eq!(pieces.finish(), sha256(b"abc"));
        assert_eq!(sha256(b"abc").to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
