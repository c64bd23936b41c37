//! SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7): algorithm, size, and the bare key.

use super::der::{self, BIT_STRING, Element, INTEGER, NULL, OID, SEQUENCE};
use super::digest::sha256;
use super::oid;
use crate::domain::key::KeyAlgorithm;
use crate::domain::reading::KeyFacts;

/// The parts of a SubjectPublicKeyInfo.
#[derive(Debug, Clone, Copy)]
pub struct PublicKeyInfo<'a> {
    /// Algorithm OID, content octets.
    pub algorithm: &'a [u8],
    /// Algorithm parameters, where present.
    pub parameters: Option<Element<'a>>,
    /// The key: content of the BIT STRING.
    pub key: &'a [u8],
}

/// Reads a SubjectPublicKeyInfo.
pub fn read(info: Element<'_>) -> Option<PublicKeyInfo<'_>> {
    let mut parts = info.of(SEQUENCE)?.children();
    let (algorithm, parameters) = algorithm_identifier(parts.field(SEQUENCE)?)?;
    Some(PublicKeyInfo { algorithm, parameters, key: parts.field(BIT_STRING)?.bits()? })
}

/// OID and parameters of an AlgorithmIdentifier.
pub fn algorithm_identifier(identifier: Element<'_>) -> Option<(&[u8], Option<Element<'_>>)> {
    let mut parts = identifier.of(SEQUENCE)?.children();
    Some((parts.field(OID)?.content, parts.next()))
}

/// What a SubjectPublicKeyInfo says of its key; a key that cannot be read has the size 0 or is named by its OID.
pub fn algorithm(info: &PublicKeyInfo<'_>) -> KeyAlgorithm {
    match info.algorithm {
        oid::RSA => KeyAlgorithm::Rsa(rsa_bits(info.key)),
        oid::RSA_PSS => KeyAlgorithm::RsaPss(rsa_bits(info.key)),
        oid::DSA => KeyAlgorithm::Dsa(info.parameters.map_or(0, dsa_bits)),
        oid::EC_PUBLIC_KEY => info.parameters.and_then(|curve| curve.of(OID)).map_or_else(
            || KeyAlgorithm::Other(oid::dotted(oid::EC_PUBLIC_KEY).into()), // explicit curve parameters
            |curve| self::curve(curve.content),
        ),
        oid::ED25519 => KeyAlgorithm::Ed25519,
        oid::ED448 => KeyAlgorithm::Ed448,
        other => KeyAlgorithm::Other(oid::dotted(other).into()),
    }
}

/// The algorithm name of a named curve.
pub fn curve(curve: &[u8]) -> KeyAlgorithm {
    match curve {
        oid::P256 => KeyAlgorithm::EcP256,
        oid::P384 => KeyAlgorithm::EcP384,
        oid::P521 => KeyAlgorithm::EcP521,
        other => KeyAlgorithm::EcOther(oid::dotted(other).into()),
    }
}

/// Facts of a bare SubjectPublicKeyInfo.
pub fn facts(der: &[u8]) -> Option<KeyFacts> {
    let info = read(der::single(der, SEQUENCE)?)?;
    Some(KeyFacts { spki: Some(sha256(der)), key: Some(algorithm(&info)), encrypted: false })
}

/// Facts of a PKCS#1 RSAPublicKey.
pub fn pkcs1_facts(der: &[u8]) -> Option<KeyFacts> {
    let mut numbers = der::single(der, SEQUENCE)?.children();
    let modulus = numbers.field(INTEGER)?;
    numbers.field(INTEGER)?;
    let info = write_rsa(der);
    numbers.rest().is_empty().then(|| KeyFacts {
        spki: Some(sha256(&info)),
        key: Some(KeyAlgorithm::Rsa(der::bit_length(modulus.content))),
        encrypted: false,
    })
}

/// The SubjectPublicKeyInfo of an RSAPublicKey.
pub fn write_rsa(rsa_public_key: &[u8]) -> Vec<u8> {
    let mut identifier = Vec::new();
    der::write(&mut identifier, OID, oid::RSA);
    der::write(&mut identifier, NULL, &[]);
    let mut whole = Vec::new();
    der::write(&mut whole, SEQUENCE, &identifier);
    write_info(&whole, rsa_public_key)
}

/// A SubjectPublicKeyInfo from a whole AlgorithmIdentifier and the bare key.
pub fn write_info(identifier: &[u8], key: &[u8]) -> Vec<u8> {
    let mut bits = Vec::with_capacity(key.len() + 1);
    bits.push(0);
    bits.extend_from_slice(key);
    let mut inside = identifier.to_vec();
    der::write(&mut inside, BIT_STRING, &bits);
    let mut info = Vec::with_capacity(inside.len() + 5);
    der::write(&mut info, SEQUENCE, &inside);
    info
}

fn rsa_bits(key: &[u8]) -> u32 {
    let modulus = der::Reader::new(key).field(SEQUENCE).and_then(|numbers| numbers.children().field(INTEGER));
    modulus.map_or(0, |modulus| der::bit_length(modulus.content))
}

fn dsa_bits(parameters: Element<'_>) -> u32 {
    let prime = parameters.of(SEQUENCE).and_then(|numbers| numbers.children().field(INTEGER));
    prime.map_or(0, |prime| der::bit_length(prime.content))
}
