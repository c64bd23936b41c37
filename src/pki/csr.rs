//! Facts of a PKCS#10 certification request (RFC 2986).

use std::sync::Arc;

use super::der::{BIT_STRING, INTEGER, OID, Reader, SEQUENCE, SET, context};
use super::digest::sha256;
use super::extension;
use super::name;
use super::oid;
use super::public_key::{self, algorithm_identifier};
use crate::domain::key::KeyAlgorithm;
use crate::domain::reading::CsrFacts;

/// The facts of a request in DER; `None` when it lacks the outline of RFC 2986 section 4. The signature is not verified.
pub fn read(der: &[u8]) -> Option<CsrFacts> {
    let mut outer = Reader::new(der).field(SEQUENCE)?.children();
    let info = outer.field(SEQUENCE)?;
    let (algorithm, _) = algorithm_identifier(outer.field(SEQUENCE)?)?;
    outer.field(BIT_STRING)?;
    let mut fields = info.children();
    fields.field(INTEGER)?;
    let subject = fields.field(SEQUENCE)?;
    let key_info = fields.field(SEQUENCE)?;
    let key = public_key::read(key_info);
    let attributes = fields.field(context(0)).into_iter().flat_map(|attributes| attributes.children());
    let requested = attributes
        .filter_map(|attribute| {
            let mut parts = attribute.children();
            (parts.field(OID)?.content == oid::EXTENSION_REQUEST).then_some(())?;
            parts.field(SET)?.children().field(SEQUENCE)
        })
        .next();
    let names = requested.and_then(|extensions| extension::read(extensions).subject_alt_name);
    Some(CsrFacts {
        subject: name::rfc4514(subject.content).into(),
        spki: sha256(key_info.raw),
        key: key.map_or_else(|| KeyAlgorithm::Other("unreadable".into()), |info| public_key::algorithm(&info)),
        signature_algorithm: oid::signature_algorithm(algorithm).into(),
        san: Arc::from(names.map(extension::general_names).unwrap_or_default()),
    })
}
