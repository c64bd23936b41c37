//! Public-key and signature algorithms, as far as rules and listings speak of them.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// The algorithm and size of a public key, printed `rsa-2048`, `ec-p256`, `ed25519`, or the OID of what is not known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// RSA with its modulus size in bits.
    Rsa(u32),
    /// RSA restricted to PSS (RFC 4055), modulus size in bits.
    RsaPss(u32),
    /// NIST P-256.
    EcP256,
    /// NIST P-384.
    EcP384,
    /// NIST P-521.
    EcP521,
    /// Another curve, by OID.
    EcOther(Arc<str>),
    /// RFC 8410.
    Ed25519,
    /// RFC 8410.
    Ed448,
    /// DSA with its prime size in bits.
    Dsa(u32),
    /// Anything else, by OID.
    Other(Arc<str>),
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "rsa-{bits}"),
            Self::RsaPss(bits) => write!(f, "rsa-pss-{bits}"),
            Self::EcP256 => f.write_str("ec-p256"),
            Self::EcP384 => f.write_str("ec-p384"),
            Self::EcP521 => f.write_str("ec-p521"),
            Self::EcOther(oid) => write!(f, "ec-{oid}"),
            Self::Ed25519 => f.write_str("ed25519"),
            Self::Ed448 => f.write_str("ed448"),
            Self::Dsa(bits) => write!(f, "dsa-{bits}"),
            Self::Other(oid) => f.write_str(oid),
        }
    }
}

impl Serialize for KeyAlgorithm {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
