//! Header facts of a CRL (RFC 5280 section 5). Entries are counted, not kept.
//!
//! x509-parser reads the fields one after the other: its `CertificateRevocationList` holds every entry with its extensions, which
//! is a kilobyte for an entry of forty octets.

use std::sync::Arc;

use x509_parser::asn1_rs::{DerParser, Error, FromDer, SequenceIterator};
use x509_parser::error::X509Error;
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::num_bigint::BigUint;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AlgorithmIdentifier, X509Name};

use super::super::der::{BIT_STRING, Element, GENERALIZED_TIME, INTEGER, Reader, SEQUENCE, UTC_TIME, context};
use super::super::digest::sha256;
use super::super::{hex, name, oid};
use crate::domain::reading::CrlFacts;
use crate::domain::time::Timestamp;

/// Numbers longer than this many octets (RFC 5280 section 5.2.3 allows 20) are shown in hex.
const MAX_DECIMAL_OCTETS: usize = 64;

/// The facts of a CRL in DER. The signature is not verified.
pub fn read(der: &[u8]) -> Result<CrlFacts, X509Error> {
    let mut outer = Reader::new(der).field(SEQUENCE).ok_or(Error::BerTypeError)?.children();
    let mut fields = outer.field(SEQUENCE).ok_or(Error::BerTypeError)?.children();
    let (signature, algorithm) = AlgorithmIdentifier::from_der(outer.rest())?;
    Reader::new(signature).field(BIT_STRING).ok_or(X509Error::InvalidSignatureValue)?;

    fields.field(INTEGER); // version: absent in v1
    let (rest, _) = AlgorithmIdentifier::from_der(fields.rest())?; // said again outside
    let (rest, issuer) = X509Name::from_der(rest)?;
    let (rest, this_update) = ASN1Time::from_der(rest)?;
    let (rest, next_update) = match Reader::new(rest).peek() {
        Some(UTC_TIME | GENERALIZED_TIME) => ASN1Time::from_der(rest).map(|(rest, time)| (rest, Some(time)))?,
        _ => (rest, None),
    };
    let mut fields = Reader::new(rest);
    let entries = fields.field(SEQUENCE).map_or(Ok(0), count)?;
    let mut facts = CrlFacts {
        fingerprint: sha256(der),
        issuer: name::of_der(issuer.as_raw()).into(),
        this_update: Timestamp::from_unix(this_update.timestamp()),
        next_update: next_update.map(|time| Timestamp::from_unix(time.timestamp())),
        crl_number: None,
        signature_algorithm: oid::signature_algorithm(algorithm.algorithm.as_bytes()).into(),
        entries,
        delta: false,
    };
    if let Some(wrapped) = fields.field(context(0)) {
        let extensions = wrapped.children().field(SEQUENCE).ok_or(X509Error::InvalidExtensions)?;
        for extension in SequenceIterator::<X509Extension<'_>, DerParser, X509Error>::new(extensions.content) {
            let extension = extension?;
            facts.delta |= extension.oid.as_bytes() == oid::DELTA_CRL_INDICATOR;
            if let ParsedExtension::CRLNumber(number) = extension.parsed_extension() {
                facts.crl_number.get_or_insert_with(|| decimal(number));
            }
        }
    }
    if !fields.rest().is_empty() {
        return Err(X509Error::InvalidExtensions);
    }
    Ok(facts)
}

/// How many entries there are, whatever they say.
fn count(revoked: Element<'_>) -> Result<usize, X509Error> {
    let mut entries = revoked.children();
    let count = entries.by_ref().count();
    if entries.rest().is_empty() { Ok(count) } else { Err(X509Error::InvalidUserCertificate) }
}

/// In decimal, or in hex beyond `MAX_DECIMAL_OCTETS`.
pub(super) fn decimal(number: &BigUint) -> Arc<str> {
    if number.bits() <= 8 * MAX_DECIMAL_OCTETS as u64 {
        return number.to_string().into();
    }
    let mut text = String::from("0x");
    hex::lower(&mut text, "", &number.to_bytes_be());
    text.into()
}

#[cfg(test)]
mod tests {
    use x509_parser::oid_registry::OID_X509_EXT_CRL_NUMBER;

    use super::super::super::der::{self, OCTET_STRING, OID};
    use super::*;

    #[test]
    fn long_numbers() {
        assert_eq!(&*decimal(&BigUint::from(0_u8)), "0");
        assert_eq!(&*decimal(&BigUint::from_bytes_be(&[0xff; 9])), "4722366482869645213695");
        assert!(decimal(&BigUint::from_bytes_be(&[1; 65])).starts_with("0x0101"));
    }

    fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        der::write(&mut out, tag, &parts.concat());
        out
    }

    /// A list with these entries, and these octets behind them.
    fn list(entries: &[u8], tail: &[u8]) -> Vec<u8> {
        let algorithm = element(SEQUENCE, &[&element(OID, &[oid::ECDSA_SHA256])]);
        let time = element(UTC_TIME, &[b"260101000000Z"]);
        let revoked = element(SEQUENCE, &[entries]);
        let tbs = element(SEQUENCE, &[&[2, 1, 1], &algorithm, &[SEQUENCE, 0], &time, &time, &revoked, tail]);
        element(SEQUENCE, &[&tbs, &algorithm, &[BIT_STRING, 2, 0, 0]])
    }

    #[test]
    fn a_million_entries_are_only_counted() {
        let entry = element(SEQUENCE, &[&[2, 1, 5], &element(UTC_TIME, &[b"250101000000Z"])]);
        let number = element(
            SEQUENCE,
            &[&element(OID, &[OID_X509_EXT_CRL_NUMBER.as_bytes()]), &element(OCTET_STRING, &[&[2, 1, 9]])],
        );
        let delta = element(SEQUENCE, &[&element(OID, &[oid::DELTA_CRL_INDICATOR]), &[OCTET_STRING, 3, 2, 1, 8]]);
        let tail = element(context(0), &[&element(SEQUENCE, &[&number, &delta])]);
        let facts = read(&list(&entry.repeat(1_000_000), &tail)).expect("a list");
        assert_eq!((facts.entries, facts.delta, facts.crl_number.as_deref()), (1_000_000, true, Some("9")));
        assert_eq!(facts.next_update.map(|at| at.to_string()).as_deref(), Some("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn damage_is_named() {
        assert_eq!(read(&list(&[SEQUENCE, 9], b"")), Err(X509Error::InvalidUserCertificate));
        assert_eq!(read(&list(b"", &[SEQUENCE, 0])), Err(X509Error::InvalidExtensions));
        assert_eq!(read(&[SEQUENCE, 0]), Err(X509Error::Der(Error::BerTypeError)));
        let mut whole = list(b"", b"");
        let year = whole.windows(3).position(|octets| octets == b"260").expect("a date");
        whole[year] = b'x';
        assert_eq!(read(&whole), Err(X509Error::InvalidDate));
    }
}
