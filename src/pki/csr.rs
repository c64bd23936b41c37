//! Facts of a PKCS#10 certification request (RFC 2986).
//!
//! x509-parser reads the fields one after the other: its `X509CertificationRequest` refuses requests without attributes, which
//! several tools leave off when there are none, and those with a challenge password in an unforeseen string type.

use std::sync::Arc;

use x509_parser::asn1_rs::{Error, FromDer};
use x509_parser::cri_attributes::{ParsedCriAttribute, X509CriAttribute};
use x509_parser::error::X509Error;
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo, X509Name, X509Version};

use super::der::{BIT_STRING, Element, Reader, SEQUENCE, context};
use super::digest::sha256;
use super::extension;
use super::name;
use super::oid;
use super::public_key;
use crate::domain::key::KeyAlgorithm;
use crate::domain::reading::CsrFacts;

/// The facts of a request in DER. The signature is not verified.
pub fn read(der: &[u8]) -> Result<CsrFacts, X509Error> {
    let mut outer = Reader::new(der).field(SEQUENCE).ok_or(Error::BerTypeError)?.children();
    let info = outer.field(SEQUENCE).ok_or(Error::BerTypeError)?;
    let (signature, algorithm) = AlgorithmIdentifier::from_der(outer.rest())?;
    Reader::new(signature).field(BIT_STRING).ok_or(X509Error::InvalidSignatureValue)?;

    let (rest, _) = X509Version::from_der(info.content)?;
    let (rest, subject) = X509Name::from_der(rest)?;
    let key_info = Reader::new(rest).field(SEQUENCE).ok_or(X509Error::InvalidSPKI)?;
    let (rest, _) = SubjectPublicKeyInfo::from_der(rest)?;
    let key = public_key::read(key_info);
    Ok(CsrFacts {
        subject: name::of_der(subject.as_raw()).into(),
        spki: sha256(key_info.raw),
        key: key.map_or_else(|| KeyAlgorithm::Other("unreadable".into()), |info| public_key::algorithm(&info)),
        signature_algorithm: oid::signature_algorithm(algorithm.algorithm.as_bytes()).into(),
        san: Reader::new(rest).field(context(0)).map(requested_names).unwrap_or_default().into(),
    })
}

/// The alternative names of the first extensionRequest (RFC 2985 section 5.4.2).
fn requested_names(attributes: Element<'_>) -> Vec<Arc<str>> {
    let requested = attributes.children().find_map(|attribute| {
        let (_, attribute) = X509CriAttribute::from_der(attribute.raw).ok()?;
        match attribute.parsed_attribute() {
            ParsedCriAttribute::ExtensionRequest(request) => Some(request.extensions.clone()),
            _ => None,
        }
    });
    let extensions = requested.unwrap_or_default();
    let names = extensions.iter().find(|extension| extension.oid == OID_X509_EXT_SUBJECT_ALT_NAME);
    names.and_then(|names| extension::sequence(names.value)).map(extension::general_names).unwrap_or_default()
}
