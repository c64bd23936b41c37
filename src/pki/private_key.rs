//! Private keys: PKCS#8, PKCS#1, SEC1, DSA. Only the public half leaves this module, as facts.

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, X25519};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

use super::der::{self, BIT_STRING, Element, INTEGER, OCTET_STRING, OID, SEQUENCE, context, context_primitive};
use super::digest::sha256;
use super::oid;
use super::password::{self, Budget, Locked, Passphrase};
use super::public_key::{self, algorithm_identifier, write_info};
use crate::domain::key::KeyAlgorithm;
use crate::domain::reading::KeyFacts;

/// What is known of a key that stays closed.
pub const CLOSED: KeyFacts = KeyFacts { spki: None, key: None, encrypted: true };

/// A PKCS#8 PrivateKeyInfo or OneAsymmetricKey (RFC 5958).
pub fn pkcs8(der: &[u8]) -> Option<KeyFacts> {
    let mut fields = der::Reader::new(der).field(SEQUENCE)?.children();
    fields.field(INTEGER)?;
    let identifier = fields.field(SEQUENCE)?;
    let (algorithm, parameters) = algorithm_identifier(identifier)?;
    let inner = fields.field(OCTET_STRING)?.content;
    match algorithm {
        oid::RSA => pkcs1(inner),
        oid::RSA_PSS => {
            let (public, bits) = rsa_public(inner)?;
            Some(known(&write_info(identifier.raw, &public), KeyAlgorithm::RsaPss(bits)))
        }
        oid::EC_PUBLIC_KEY => ec(inner, parameters),
        oid::ED25519 => {
            let seed = der::single(inner, OCTET_STRING)?.content;
            let pair = (seed.len() == 32).then(|| Ed25519KeyPair::from_seed_unchecked(seed).ok())??;
            Some(known(&write_info(identifier.raw, pair.public_key().as_ref()), KeyAlgorithm::Ed25519))
        }
        oid::X25519 => {
            let key =
                agreement::PrivateKey::from_private_key(&X25519, der::single(inner, OCTET_STRING)?.content).ok()?;
            let public = key.compute_public_key().ok()?;
            Some(known(
                &write_info(identifier.raw, public.as_ref()),
                KeyAlgorithm::Other(oid::dotted(algorithm).into()),
            ))
        }
        oid::ED448 => Some(unlinked(KeyAlgorithm::Ed448)),
        oid::DSA => {
            let prime = parameters.and_then(|numbers| numbers.children().field(INTEGER))?;
            Some(unlinked(KeyAlgorithm::Dsa(der::bit_length(prime.content))))
        }
        other => Some(unlinked(KeyAlgorithm::Other(oid::dotted(other).into()))),
    }
}

/// A PKCS#1 RSAPrivateKey (RFC 8017 appendix A.1.2).
pub fn pkcs1(der: &[u8]) -> Option<KeyFacts> {
    let (public, bits) = rsa_public(der)?;
    Some(known(&public_key::write_rsa(&public), KeyAlgorithm::Rsa(bits)))
}

/// A SEC1 ECPrivateKey (RFC 5915); the curve is inside, or in the parameters of the PKCS#8 around it.
pub fn ec(der: &[u8], parameters: Option<Element<'_>>) -> Option<KeyFacts> {
    let mut fields = der::single(der, SEQUENCE)?.children();
    fields.field(INTEGER)?;
    let scalar = fields.field(OCTET_STRING)?.content;
    let own = fields.field(context(0)).and_then(|wrapped| wrapped.children().next());
    let embedded = fields.field(context(1)).and_then(|wrapped| wrapped.children().field(BIT_STRING)?.bits());
    let Some(curve) = parameters.or(own).and_then(|curve| curve.of(OID)) else {
        return Some(unlinked(KeyAlgorithm::Other(oid::dotted(oid::EC_PUBLIC_KEY).into())));
    };
    let key = public_key::curve(curve.content);
    // The point is computed where it can be: what a file says of itself may be compressed, absent or wrong.
    let computed = match key {
        KeyAlgorithm::EcP256 => public_point(&ECDH_P256, 32, scalar),
        KeyAlgorithm::EcP384 => public_point(&ECDH_P384, 48, scalar),
        KeyAlgorithm::EcP521 => public_point(&ECDH_P521, 66, scalar),
        _ => None,
    };
    let Some(point) = computed.as_deref().or(embedded) else { return Some(unlinked(key)) };
    let mut inside = Vec::new();
    der::write(&mut inside, OID, oid::EC_PUBLIC_KEY);
    inside.extend_from_slice(curve.raw);
    let mut identifier = Vec::new();
    der::write(&mut identifier, SEQUENCE, &inside);
    Some(known(&write_info(&identifier, point), key))
}

/// The traditional DSA key of OpenSSL: version, p, q, g, y, x.
pub fn dsa(der: &[u8]) -> Option<KeyFacts> {
    let mut numbers = der::single(der, SEQUENCE)?.children();
    numbers.field(INTEGER)?;
    let (p, q, g, y) =
        (numbers.field(INTEGER)?, numbers.field(INTEGER)?, numbers.field(INTEGER)?, numbers.field(INTEGER)?);
    let mut inside = Vec::new();
    der::write(&mut inside, OID, oid::DSA);
    der::write(&mut inside, SEQUENCE, &[p.raw, q.raw, g.raw].concat());
    let mut identifier = Vec::new();
    der::write(&mut identifier, SEQUENCE, &inside);
    Some(known(&write_info(&identifier, y.raw), KeyAlgorithm::Dsa(der::bit_length(p.content))))
}

/// A PKCS#8 EncryptedPrivateKeyInfo, opened with each password in turn.
pub fn encrypted(der: &[u8], passwords: &[Passphrase], budget: &mut Budget) -> Result<KeyFacts, Locked> {
    let mut fields = der::Reader::new(der).field(SEQUENCE).ok_or(Locked::Malformed)?.children();
    let scheme = fields.field(SEQUENCE).ok_or(Locked::Malformed)?;
    let data = encrypted_content(&mut fields).ok_or(Locked::Malformed)?;
    let mut outcome = Locked::Wrong;
    for password in passwords {
        let opened = password::decrypt(scheme, &data, password, budget)
            .and_then(|plain| password::opened(&plain).and_then(|_| pkcs8(&plain).ok_or(Locked::Wrong)));
        match opened {
            Ok(facts) => return Ok(KeyFacts { encrypted: true, ..facts }),
            Err(why) => outcome = why,
        }
        if !matches!(outcome, Locked::Wrong) {
            break;
        }
    }
    Err(outcome)
}

/// An OCTET STRING, or the implicit `[0]` that EncryptedContentInfo has in its place, whole or in chunks.
pub fn encrypted_content(fields: &mut der::Reader<'_>) -> Option<Vec<u8>> {
    if let Some(whole) = fields.field(OCTET_STRING).or_else(|| fields.field(context_primitive(0))) {
        return Some(whole.content.to_vec());
    }
    let chunks = fields.field(context(0))?.children();
    Some(chunks.filter(|chunk| chunk.tag == OCTET_STRING).flat_map(|chunk| chunk.content.iter().copied()).collect())
}

/// The RSAPublicKey inside an RSAPrivateKey, and its modulus size in bits.
fn rsa_public(der: &[u8]) -> Option<(Vec<u8>, u32)> {
    let mut numbers = der::single(der, SEQUENCE)?.children();
    numbers.field(INTEGER)?;
    let (modulus, exponent) = (numbers.field(INTEGER)?, numbers.field(INTEGER)?);
    numbers.field(INTEGER)?;
    let mut public = Vec::new();
    der::write(&mut public, SEQUENCE, &[modulus.raw, exponent.raw].concat());
    Some((public, der::bit_length(modulus.content)))
}

/// The uncompressed point of a scalar, which may come without its leading zeros.
fn public_point(curve: &'static agreement::Algorithm, size: usize, scalar: &[u8]) -> Option<Vec<u8>> {
    let digits = der::magnitude(scalar);
    let mut padded = Zeroizing::new(vec![0; size.checked_sub(digits.len())?]);
    padded.extend_from_slice(digits);
    let key = agreement::PrivateKey::from_private_key(curve, &padded).ok()?;
    Some(key.compute_public_key().ok()?.as_ref().to_vec())
}

fn known(spki: &[u8], key: KeyAlgorithm) -> KeyFacts {
    KeyFacts { spki: Some(sha256(spki)), key: Some(key), encrypted: false }
}

/// The public half is not in the file and cannot be computed here.
fn unlinked(key: KeyAlgorithm) -> KeyFacts {
    KeyFacts { spki: None, key: Some(key), encrypted: false }
}
