//! One X.509 certificate (RFC 5280 section 4.1), read without judging it: whatever has the outline of a certificate gives its
//! facts, with absurd dates, negative serial numbers, unknown algorithms or broken extensions.

use std::sync::Arc;

use super::date;
use super::der::{
    self, BIT_STRING, Element, GENERALIZED_TIME, INTEGER, OID, Reader, SEQUENCE, UTC_TIME, context, context_primitive,
};
use super::digest::sha256;
use super::extension::{self, Extensions};
use super::intern::Interner;
use super::name;
use super::oid;
use super::profile::{self, Evidence};
use super::public_key;
use crate::domain::certificate::{Certificate, KeyIds};
use crate::domain::key::KeyAlgorithm;
use crate::domain::octets::Octets;
use crate::domain::reading::{ReadProblem, ReadReason};

/// The facts of a certificate in DER. Refused only when the outline of RFC 5280 section 4.1 is not there, or when bytes follow
/// it, which the fingerprint would cover.
pub fn parse(der: &[u8]) -> Result<Certificate, ReadProblem> {
    parse_with(der, &mut Interner::default())
}

/// [`parse`], sharing issuers and algorithm names with the certificates read before.
pub fn parse_with(der: &[u8], interner: &mut Interner) -> Result<Certificate, ReadProblem> {
    let parts = Parts::read(der).ok_or_else(|| ReadProblem {
        index: 0,
        reason: ReadReason::Malformed,
        message: "a certificate that lacks the outline of RFC 5280 section 4.1".to_owned(),
    })?;
    Ok(facts(&parts, der, interner))
}

/// The parts of a certificate, borrowed from its DER.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    /// What is signed.
    pub tbs: Element<'a>,
    pub serial_number: &'a [u8],
    /// Content of the Name.
    pub issuer: &'a [u8],
    /// Content of the Name.
    pub subject: &'a [u8],
    pub validity: Element<'a>,
    pub public_key_info: Element<'a>,
    pub extensions: Option<Element<'a>>,
    /// OID of the outer signatureAlgorithm.
    pub signature_algorithm: &'a [u8],
    pub signature_parameters: Option<Element<'a>>,
    pub signature: &'a [u8],
}

impl<'a> Parts<'a> {
    pub fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = der::single(der, SEQUENCE)?.children();
        let tbs = outer.field(SEQUENCE)?;
        let (signature_algorithm, signature_parameters) = public_key::algorithm_identifier(outer.field(SEQUENCE)?)?;
        let signature = outer.field(BIT_STRING)?;
        let mut fields = tbs.children();
        fields.field(context(0)); // version: absent in v1
        let serial_number = fields.field(INTEGER)?;
        fields.field(SEQUENCE)?; // signature, said again outside
        let issuer = fields.field(SEQUENCE)?;
        let validity = fields.field(SEQUENCE)?;
        let subject = fields.field(SEQUENCE)?;
        let public_key_info = fields.field(SEQUENCE)?;
        let extensions =
            fields.find(|field| field.tag == context(3)).and_then(|field| field.children().field(SEQUENCE));
        Some(Self {
            tbs,
            serial_number: serial_number.content,
            issuer: issuer.content,
            subject: subject.content,
            validity,
            public_key_info,
            extensions,
            signature_algorithm,
            signature_parameters,
            signature: signature.bits().unwrap_or_default(),
        })
    }
}

/// The content octets of an INTEGER as the inventory keeps them.
fn serial_number(content: &[u8]) -> Octets {
    let zeros = content.iter().take_while(|octet| **octet == 0).count().min(content.len().saturating_sub(1));
    match content {
        [0x80..=0xff, ..] => [&[0], content].concat().as_slice().into(),
        _ => content.get(zeros..).unwrap_or_default().into(),
    }
}

fn facts(parts: &Parts<'_>, der: &[u8], interner: &mut Interner) -> Certificate {
    let extensions = parts.extensions.map(extension::read).unwrap_or_default();
    let mut dates = parts.validity.children();
    let mut date = || dates.find(|time| matches!(time.tag, UTC_TIME | GENERALIZED_TIME)).and_then(date::read);
    let (not_before, not_after) = (date(), date());
    let key = public_key::read(parts.public_key_info);
    let san = extensions.subject_alt_name.map(extension::general_names).unwrap_or_default();
    let profile = profile::classify(&evidence(parts, &extensions, &san));
    Certificate {
        fingerprint: sha256(der),
        spki: sha256(parts.public_key_info.raw),
        subject: name::rfc4514(parts.subject).into(),
        issuer: interner.text(&name::rfc4514(parts.issuer)),
        serial_number: serial_number(parts.serial_number),
        not_before: not_before.unwrap_or(date::UNREADABLE),
        not_after: not_after.unwrap_or(date::UNREADABLE),
        private_key_usage_not_after: extensions.private_key_usage_not_after,
        key: key.map_or_else(|| KeyAlgorithm::Other("unreadable".into()), |info| public_key::algorithm(&info)),
        signature_algorithm: interner.text(&oid::signature_algorithm(parts.signature_algorithm)),
        key_usage: extensions.key_usage,
        extended_key_usage: extended_key_usage(&extensions, interner),
        san: if san.is_empty() { interner.list(&[]) } else { san.into() },
        is_ca: extensions.is_ca.unwrap_or(false),
        key_ids: KeyIds {
            subject: extensions.subject_key_identifier.map(Octets::from),
            authority: extensions.authority_key_identifier.map(Octets::from),
        },
        profile,
    }
}

fn extended_key_usage(extensions: &Extensions<'_>, interner: &mut Interner) -> Arc<[Arc<str>]> {
    let purposes = Reader::new(extensions.extended_key_usage.unwrap_or_default()).filter(|purpose| purpose.tag == OID);
    let names: Vec<Arc<str>> =
        purposes.map(|purpose| interner.text(&oid::extended_key_usage(purpose.content))).collect();
    interner.list(&names)
}

fn evidence<'a>(parts: &Parts<'a>, extensions: &Extensions<'a>, san: &'a [Arc<str>]) -> Evidence<'a> {
    let purposes = Reader::new(extensions.extended_key_usage.unwrap_or_default());
    let mut evidence = Evidence {
        issuer: parts.issuer,
        subject: parts.subject,
        is_ca: extensions.is_ca.unwrap_or(false),
        key_usage: extensions.key_usage.unwrap_or_default(),
        mail_address: san.iter().any(|name| name.starts_with("email:")),
        category: extensions.category,
        card_type: extensions.card_type,
        card_number: extensions.card_number,
        policy: Reader::new(extensions.policies.unwrap_or_default())
            .filter_map(|policy| policy.children().field(OID))
            .find_map(|policy| policy.content.strip_prefix(oid::IGC_POLICIES)),
        ..Evidence::default()
    };
    for purpose in purposes {
        match purpose.content {
            oid::SERVER_AUTH => evidence.server_auth = true,
            oid::CLIENT_AUTH => evidence.client_auth = true,
            oid::EMAIL_PROTECTION => evidence.email_protection = true,
            _ => {}
        }
    }
    evidence
}

/// Which structure a `SEQUENCE { SEQUENCE, AlgorithmIdentifier, BIT STRING }` is: certificate, request and revocation list
/// share that outline (RFC 5280, RFC 2986).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signed {
    Certificate,
    Request,
    RevocationList,
}

impl Signed {
    /// Told by the order of the fields of what is signed.
    pub fn of(tbs: Element<'_>) -> Option<Self> {
        let mut fields = tbs.children();
        let first = fields.next()?.tag;
        if first == context(0) {
            return Some(Self::Certificate);
        }
        let numbered = first == INTEGER;
        let start = if numbered { fields.next()?.tag } else { first };
        let (second, third) = (fields.next()?.tag, fields.next().map(|field| field.tag));
        match (numbered, start, second, third) {
            (_, SEQUENCE, SEQUENCE, Some(UTC_TIME | GENERALIZED_TIME)) => Some(Self::RevocationList),
            (true, SEQUENCE, SEQUENCE, Some(SEQUENCE)) => Some(Self::Certificate),
            (true, SEQUENCE, SEQUENCE, None) => Some(Self::Request),
            (true, SEQUENCE, SEQUENCE, Some(tag)) if tag == context(0) || tag == context_primitive(0) => {
                Some(Self::Request)
            }
            _ => None,
        }
    }
}

/// The outline shared by certificates, requests and revocation lists: what is signed, the algorithm, the signature.
pub(super) fn signed(outer: Element<'_>) -> Option<Element<'_>> {
    let mut parts = outer.children();
    let tbs = parts.field(SEQUENCE)?;
    let mut algorithm = parts.field(SEQUENCE)?.children();
    algorithm.field(OID)?;
    parts.field(BIT_STRING)?;
    Some(tbs)
}
