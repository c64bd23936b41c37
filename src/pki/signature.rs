//! Who signed what. [`is_signed_by`] is for identification only: whether the signature is still acceptable is for the rules to
//! say. `verify_digest` and `verify_strict` are for trust: what they do not accept proves nothing.
//!
//! x509-parser's `verify_signature` asks the same library, but knows neither P-521, nor SHA-512 with ECDSA, nor RSA keys below
//! 2048 bits with anything but SHA-1, all of which old fleets hold, and wants the certificate read its way; the tests hold the
//! two together.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::asn1_rs::{Any, FromDer};
use x509_parser::signature_algorithm::RsaSsaPssParams;

use super::certificate::Parts;
use super::der::{Element, Reader};
use super::oid;
use super::public_key::{self, PublicKeyInfo};
use crate::domain::key::KeyAlgorithm;

/// The signature of `child` verifies with the public key of `issuer` (both DER): RSA PKCS#1 v1.5 and PSS (salt as long as the
/// hash), ECDSA on P-256, P-384 and P-521, Ed25519. SHA-1 is included, MD5 and DSA are not. Names, dates and constraints are
/// not looked at.
pub fn is_signed_by(child: &[u8], issuer: &[u8]) -> bool {
    match (Parts::read(child), Parts::read(issuer)) {
        (Some(child), Some(issuer)) => verifies(&child, issuer.public_key_info),
        _ => false,
    }
}

pub(super) fn verifies(child: &Parts<'_>, issuer_key: Element<'_>) -> bool {
    let Some(info) = public_key::read(issuer_key) else { return false };
    algorithm(child.signature_algorithm, child.signature_parameters, &info).is_some_and(|algorithm| {
        UnparsedPublicKey::new(algorithm, info.key).verify(child.tbs.raw, child.signature).is_ok()
    })
}

/// Signatures that prove something. RSA of 2048 bits and more, ECDSA on P-256, P-384 and P-521, Ed25519; SHA-2.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accepted {
    /// SHA-1 too: for old hierarchies, where configured.
    pub sha1: bool,
}

/// Why a signature proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureProblem {
    /// Of a kind that is not verified or not accepted, or a key that does not fit it.
    #[error("the signature is of a kind that is not accepted")]
    Unsupported,
    /// It does not hold.
    #[error("the signature does not hold")]
    Wrong,
}

/// The hash a signature algorithm signs with, where signature and hash can be told apart (not Ed25519).
pub(super) fn digest_algorithm(
    signature: &[u8],
    parameters: Option<Element<'_>>,
) -> Option<&'static digest::Algorithm> {
    let pss;
    let kind = if signature == oid::RSA_PSS {
        pss = pss_hash(parameters?)?;
        pss.as_slice()
    } else {
        signature
    };
    match kind {
        oid::SHA1 | oid::SHA1_WITH_RSA | oid::SHA1_WITH_RSA_OIW | oid::ECDSA_SHA1 => {
            Some(&digest::SHA1_FOR_LEGACY_USE_ONLY)
        }
        oid::SHA256 | oid::SHA256_WITH_RSA | oid::ECDSA_SHA256 => Some(&digest::SHA256),
        oid::SHA384 | oid::SHA384_WITH_RSA | oid::ECDSA_SHA384 => Some(&digest::SHA384),
        oid::SHA512 | oid::SHA512_WITH_RSA | oid::ECDSA_SHA512 => Some(&digest::SHA512),
        _ => None,
    }
}

/// The signature over what has this digest holds, and is accepted. `identifier` is a whole AlgorithmIdentifier, `public_key_info` a
/// whole SubjectPublicKeyInfo.
pub(super) fn verify_digest(
    identifier: &[u8],
    public_key_info: &[u8],
    digest: &Digest,
    signature: &[u8],
    accepted: Accepted,
) -> Result<(), SignatureProblem> {
    let (kind, parameters) = Reader::new(identifier)
        .next()
        .and_then(public_key::algorithm_identifier)
        .ok_or(SignatureProblem::Unsupported)?;
    let info = Reader::new(public_key_info).next().and_then(public_key::read).ok_or(SignatureProblem::Wrong)?;
    let algorithm = accepted_algorithm(kind, parameters, &info, accepted)?;
    UnparsedPublicKey::new(algorithm, info.key).verify_digest(digest, signature).map_err(|_| SignatureProblem::Wrong)
}

/// The signature of a certificate holds with the key of this SubjectPublicKeyInfo, and is accepted.
pub(super) fn verify_strict(
    child: &Parts<'_>,
    public_key_info: Element<'_>,
    accepted: Accepted,
) -> Result<(), SignatureProblem> {
    let info = public_key::read(public_key_info).ok_or(SignatureProblem::Wrong)?;
    let algorithm = accepted_algorithm(child.signature_algorithm, child.signature_parameters, &info, accepted)?;
    UnparsedPublicKey::new(algorithm, info.key)
        .verify(child.tbs.raw, child.signature)
        .map_err(|_| SignatureProblem::Wrong)
}

fn accepted_algorithm(
    signature: &[u8],
    parameters: Option<Element<'_>>,
    key: &PublicKeyInfo<'_>,
    accepted: Accepted,
) -> Result<&'static dyn VerificationAlgorithm, SignatureProblem> {
    let sha1 = matches!(signature, oid::SHA1_WITH_RSA | oid::SHA1_WITH_RSA_OIW | oid::ECDSA_SHA1);
    let short = matches!(public_key::algorithm(key), KeyAlgorithm::Rsa(..2048) | KeyAlgorithm::RsaPss(..2048));
    let fits = (!sha1 || accepted.sha1) && !short && signature != oid::ECDSA_SHA224;
    fits.then(|| algorithm(signature, parameters, key)).flatten().ok_or(SignatureProblem::Unsupported)
}

fn algorithm(
    signature: &[u8],
    parameters: Option<Element<'_>>,
    key: &PublicKeyInfo<'_>,
) -> Option<&'static dyn VerificationAlgorithm> {
    let key = public_key::algorithm(key);
    match key {
        KeyAlgorithm::Rsa(_) | KeyAlgorithm::RsaPss(_) => match signature {
            oid::SHA1_WITH_RSA | oid::SHA1_WITH_RSA_OIW => {
                Some(&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)
            }
            oid::SHA256_WITH_RSA => Some(&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
            oid::SHA384_WITH_RSA => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
            oid::SHA512_WITH_RSA => Some(&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
            oid::RSA_PSS => match pss_hash(parameters?)?.as_slice() {
                oid::SHA256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
                oid::SHA384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
                oid::SHA512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
                _ => None,
            },
            _ => None,
        },
        KeyAlgorithm::EcP256 => match signature {
            oid::ECDSA_SHA256 => Some(&signature::ECDSA_P256_SHA256_ASN1),
            oid::ECDSA_SHA384 => Some(&signature::ECDSA_P256_SHA384_ASN1),
            oid::ECDSA_SHA512 => Some(&signature::ECDSA_P256_SHA512_ASN1),
            _ => None,
        },
        KeyAlgorithm::EcP384 => match signature {
            oid::ECDSA_SHA256 => Some(&signature::ECDSA_P384_SHA256_ASN1),
            oid::ECDSA_SHA384 => Some(&signature::ECDSA_P384_SHA384_ASN1),
            oid::ECDSA_SHA512 => Some(&signature::ECDSA_P384_SHA512_ASN1),
            _ => None,
        },
        KeyAlgorithm::EcP521 => match signature {
            oid::ECDSA_SHA1 => Some(&signature::ECDSA_P521_SHA1_ASN1),
            oid::ECDSA_SHA224 => Some(&signature::ECDSA_P521_SHA224_ASN1),
            oid::ECDSA_SHA256 => Some(&signature::ECDSA_P521_SHA256_ASN1),
            oid::ECDSA_SHA384 => Some(&signature::ECDSA_P521_SHA384_ASN1),
            oid::ECDSA_SHA512 => Some(&signature::ECDSA_P521_SHA512_ASN1),
            _ => None,
        },
        KeyAlgorithm::Ed25519 if signature == oid::ED25519 => Some(&signature::ED25519),
        _ => None,
    }
}

/// The hash of RSASSA-PSS-params (RFC 4055 section 3.1), SHA-1 when left out.
fn pss_hash(parameters: Element<'_>) -> Option<Vec<u8>> {
    let (_, any) = Any::from_der(parameters.raw).ok()?;
    Some(RsaSsaPssParams::try_from(&any).ok()?.hash_algorithm_oid().as_bytes().to_vec())
}
