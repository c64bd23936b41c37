//! The facts read off one X.509 certificate. The DER itself stays in the store.

use std::sync::Arc;

use super::fingerprint::Fingerprint;
use super::key::KeyAlgorithm;
use super::octets::Octets;
use super::profile::Profile;
use super::time::Timestamp;

/// Facts of one certificate (RFC 5280 section 4), kept small: a fleet holds a hundred thousand of them in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 over the DER.
    pub fingerprint: Fingerprint,
    /// SHA-256 over the SubjectPublicKeyInfo.
    pub spki: Fingerprint,
    /// Subject, RFC 4514.
    pub subject: Arc<str>,
    /// Issuer, RFC 4514.
    pub issuer: Arc<str>,
    /// Serial number: the content octets of the INTEGER without leading zero octets. A negative one, which RFC 5280 section 4.1.2.2
    /// forbids and which is seen all the same, stands behind one zero octet.
    pub serial_number: Octets,
    /// First instant of validity.
    pub not_before: Timestamp,
    /// Last instant of validity.
    pub not_after: Timestamp,
    /// End of the private key usage period (RFC 3280 section 4.2.1.4; dropped by RFC 5280 but present on SIGN certificates).
    pub private_key_usage_not_after: Option<Timestamp>,
    /// Algorithm and size of the subject public key.
    pub key: KeyAlgorithm,
    /// Signature algorithm by the name OpenSSL prints, or its OID.
    pub signature_algorithm: Arc<str>,
    /// Key usage, `None` when the extension is absent.
    pub key_usage: Option<KeyUsage>,
    /// Extended key usage in certificate order: `client_auth`, or an OID.
    pub extended_key_usage: Arc<[Arc<str>]>,
    /// Subject alternative names in certificate order: `dns:…`, `email:…`, `ip:…`, `uri:…`, `upn:…`, `other:OID`, `dirname:…`, `rid:OID`.
    pub san: Arc<[Arc<str>]>,
    /// basicConstraints cA.
    pub is_ca: bool,
    /// Subject key identifier and authority key identifier, where present.
    pub key_ids: KeyIds,
    /// The IGC-Santé reading.
    pub profile: Profile,
}

/// The two key identifiers that help find an issuer (RFC 5280 section 4.2.1.1 and 4.2.1.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyIds {
    /// subjectKeyIdentifier.
    pub subject: Option<Octets>,
    /// authorityKeyIdentifier keyIdentifier.
    pub authority: Option<Octets>,
}

impl Certificate {
    /// The serial number as lower-case hex without separators; a negative one behind a minus sign, as OpenSSL prints it.
    pub fn serial_hex(&self) -> String {
        let (negative, magnitude) = self.serial();
        let sign = if negative { "-" } else { "" };
        magnitude.iter().fold(sign.to_owned(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// Whether the serial number is negative, and its absolute value.
    pub fn serial(&self) -> (bool, Vec<u8>) {
        let negative = match &*self.serial_number {
            [0, octets @ ..] if !octets.is_empty() => octets,
            octets => return (false, octets.to_vec()),
        };
        // Two's complement (X.690 section 8.3): every bit turned, and one more.
        let mut magnitude: Vec<u8> = negative.iter().map(|octet| !octet).collect();
        for octet in magnitude.iter_mut().rev() {
            let (sum, carry) = octet.overflowing_add(1);
            *octet = sum;
            if !carry {
                break;
            }
        }
        let leading = magnitude.iter().take_while(|octet| **octet == 0).count().min(magnitude.len().saturating_sub(1));
        magnitude.drain(..leading);
        (true, magnitude)
    }

    /// The instant after which the certificate is of no use: the earlier of `not_after` and the private key usage end.
    pub fn end(&self) -> Timestamp {
        self.private_key_usage_not_after.map_or(self.not_after, |end| end.min(self.not_after))
    }

    /// Subject and issuer are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

/// The keyUsage bits of RFC 5280 section 4.2.1.3, bit 0 (`digitalSignature`) being the lowest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// digitalSignature.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// nonRepudiation, also called contentCommitment.
    pub const NON_REPUDIATION: Self = Self(1 << 1);
    /// keyEncipherment.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// dataEncipherment.
    pub const DATA_ENCIPHERMENT: Self = Self(1 << 3);
    /// keyCertSign.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// cRLSign.
    pub const CRL_SIGN: Self = Self(1 << 6);

    const NAMES: [&'static str; 9] = [
        "digital_signature",
        "non_repudiation",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ];

    /// Every bit of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of the bits that are set, in bit order.
    pub fn names(self) -> Vec<&'static str> {
        Self::NAMES.iter().enumerate().filter(|(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| *name).collect()
    }
}
