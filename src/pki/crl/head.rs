//! What stands before the entries of a list (RFC 5280 section 5.1.2), and what stands behind them.

use std::ops::Range;

use x509_parser::asn1_rs::FromDer;
use x509_parser::x509::{AlgorithmIdentifier, X509Name};

use super::super::der::{
    BIT_STRING, Element, GENERALIZED_TIME, INTEGER, SEQUENCE, UTC_TIME, context, context_primitive, magnitude,
};
use super::super::distinguished_name::DistinguishedName;
use super::super::{date, oid};
use super::CrlError;
use super::entry::{extension, is_time, once};
use super::number::CrlNumber;
use super::scope::{DistributionPoint, IssuingDistributionPoint, distribution_points};
use super::strict::{Strict, Wrong, header, integer};
use crate::domain::time::Timestamp;

/// Octets up to the first entry: names and algorithms of any reason fit.
pub const MAX_HEAD: usize = 64 << 10;
/// Octets behind the last entry: extensions and signature.
pub const MAX_TAIL: u64 = 256 << 10;
/// Extensions of one list; RFC 5280 knows six.
const MAX_EXTENSIONS: usize = 64;
/// Octets of a list number; RFC 5280 allows 20.
const MAX_NUMBER: usize = 64;

/// The facts before the entries. Offsets count from the first octet of the DER.
#[derive(Debug, Clone)]
pub struct Head {
    /// Where what is signed begins and ends.
    pub tbs: Range<u64>,
    /// Where the list ends.
    pub end: u64,
    /// Where the entries begin and end; empty when there are none.
    pub entries: Range<u64>,
    pub v2: bool,
    /// The AlgorithmIdentifier, whole.
    pub algorithm: Vec<u8>,
    pub issuer: DistinguishedName,
    pub this_update: Timestamp,
    pub next_update: Option<Timestamp>,
}

impl Head {
    /// Reads it off the first octets of a list; `None` when they are too few.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, CrlError> {
        if bytes.first().is_some_and(|first| *first != SEQUENCE) {
            return Err(CrlError::NotACrl);
        }
        let mut walk = Walk { bytes, at: 0 };
        match walk.head() {
            Ok(head) => Ok(Some(head)),
            Err(Stop::More) if bytes.len() < MAX_HEAD => Ok(None),
            Err(Stop::More) => Err(malformed(walk.at as u64, "a beginning that is too long")),
            Err(Stop::Other) => Err(CrlError::NotACrl),
            Err(Stop::Wrong(what)) => Err(malformed(walk.at as u64, what)),
        }
    }
}

pub const fn malformed(at: u64, what: Wrong) -> CrlError {
    CrlError::Malformed { at, what }
}

enum Stop {
    More,
    /// Not the outline of a revocation list.
    Other,
    Wrong(Wrong),
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    fn head(&mut self) -> Result<Head, Stop> {
        let end = self.open(SEQUENCE)?;
        let tbs_start = self.at as u64;
        let tbs_end = self.open(SEQUENCE)?;
        // Told apart from certificates and requests by the order of the fields: version, algorithm, name, time.
        let version = if self.peek()? == INTEGER { Some(self.whole(INTEGER)?) } else { None };
        let algorithm = self.whole(SEQUENCE)?;
        let issuer = self.whole(SEQUENCE)?;
        if !matches!(self.peek()?, UTC_TIME | GENERALIZED_TIME) {
            return Err(Stop::Other);
        }
        let this_update = self.time()?;
        if tbs_end > end {
            return Err(Stop::Wrong("what is signed is longer than the whole"));
        }
        let v2 = match version.map(|version| version.content) {
            None => false,
            Some([1]) => true,
            Some(_) => return Err(Stop::Wrong("a version that does not exist")),
        };
        if !matches!(AlgorithmIdentifier::from_der(algorithm.raw), Ok(([], _))) {
            return Err(Stop::Wrong("an algorithm identifier that cannot be read"));
        }
        if !matches!(X509Name::from_der(issuer.raw), Ok(([], _))) {
            return Err(Stop::Wrong("an issuer that cannot be read"));
        }
        let more = |walk: &Self| (walk.at as u64) < tbs_end;
        let next_update = match more(self).then(|| self.peek()).transpose()? {
            Some(UTC_TIME | GENERALIZED_TIME) => Some(self.time()?),
            _ => None,
        };
        let start = self.at as u64;
        let entries = if more(self) && self.peek()? == SEQUENCE {
            let end = self.open(SEQUENCE)?;
            self.at as u64..end
        } else {
            start..start
        };
        if entries.end > tbs_end || end.saturating_sub(entries.end) > MAX_TAIL {
            return Err(Stop::Wrong("entries that do not end where what is signed does"));
        }
        Ok(Head {
            tbs: tbs_start..tbs_end,
            end,
            entries,
            v2,
            algorithm: algorithm.raw.to_vec(),
            issuer: DistinguishedName::new(issuer.content),
            this_update,
            next_update,
        })
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Result<u8, Stop> {
        self.rest().first().copied().ok_or(Stop::More)
    }

    /// Steps into an element of this tag and gives the offset of its end.
    fn open(&mut self, wanted: u8) -> Result<u64, Stop> {
        let (tag, header, length) = header(self.rest()).map_err(Stop::Wrong)?.ok_or(Stop::More)?;
        if tag != wanted {
            return Err(Stop::Other);
        }
        self.at += header;
        Ok(self.at as u64 + length as u64)
    }

    /// Steps over an element of this tag that is all there.
    fn whole(&mut self, wanted: u8) -> Result<Element<'a>, Stop> {
        let (tag, header, length) = header(self.rest()).map_err(Stop::Wrong)?.ok_or(Stop::More)?;
        if tag != wanted {
            return Err(Stop::Other);
        }
        let raw = self.rest().get(..header + length).ok_or(Stop::More)?;
        self.at += raw.len();
        Ok(Element { tag, content: raw.get(header..).unwrap_or_default(), raw })
    }

    fn time(&mut self) -> Result<Timestamp, Stop> {
        let element = self.whole(self.peek()?)?;
        let time = is_time(element.tag, element.content).then(|| date::read(element)).flatten();
        time.ok_or(Stop::Wrong("a date that is none"))
    }
}

/// The extensions of a list (section 5.2).
#[derive(Debug, Clone, Default)]
pub struct Extensions {
    pub number: Option<CrlNumber>,
    pub base_number: Option<CrlNumber>,
    pub scope: Option<IssuingDistributionPoint>,
    /// The value as encoded: base and delta must say the same.
    pub authority_key_identifier: Option<Vec<u8>>,
    pub freshest: Vec<DistributionPoint>,
    pub unknown_critical: bool,
}

/// What stands behind the entries.
pub struct Tail {
    pub extensions: Extensions,
    pub signature: Vec<u8>,
}

impl Tail {
    /// Reads the octets from the end of the entries to the end of the list.
    pub fn read(bytes: &[u8], head: &Head) -> Result<Self, CrlError> {
        let signed = usize::try_from(head.tbs.end.saturating_sub(head.entries.end)).unwrap_or(usize::MAX);
        let (inside, outside) = bytes
            .split_at_checked(signed)
            .ok_or(malformed(head.entries.end, "what is signed ends before its length"))?;
        let extensions = Self::extensions(inside, head).map_err(|what| malformed(head.entries.end, what))?;
        let (algorithm, signature) = Self::signature(outside).map_err(|what| malformed(head.tbs.end, what))?;
        if algorithm != head.algorithm {
            return Err(CrlError::AlgorithmMismatch);
        }
        Ok(Self { extensions, signature: signature.to_vec() })
    }

    fn extensions(inside: &[u8], head: &Head) -> Result<Extensions, Wrong> {
        let mut fields = Strict::new(inside);
        let Some(wrapped) = fields.optional(context(0))? else {
            return fields.end().map(|()| Extensions::default());
        };
        fields.end()?;
        if !head.v2 {
            return Err("extensions in a list of version 1");
        }
        let mut wrapped = Strict::new(wrapped.content);
        let all = wrapped.field(SEQUENCE)?;
        wrapped.end()?;
        read_extensions(all.content)
    }

    fn signature(outside: &[u8]) -> Result<(&[u8], &[u8]), Wrong> {
        let mut fields = Strict::new(outside);
        let algorithm = fields.field(SEQUENCE)?;
        let signature = fields.field(BIT_STRING)?;
        fields.end()?;
        match signature.content {
            [0, signature @ ..] => Ok((algorithm.raw, signature)),
            _ => Err("a signature that is no whole number of octets"),
        }
    }
}

fn read_extensions(content: &[u8]) -> Result<Extensions, Wrong> {
    let mut found = Extensions::default();
    let mut seen: Vec<&[u8]> = Vec::new();
    let mut all = Strict::new(content);
    while !all.is_empty() {
        let (kind, critical, value) = extension(all.any()?)?;
        if seen.len() >= MAX_EXTENSIONS {
            return Err("more extensions than any list has");
        }
        if seen.contains(&kind) {
            return Err("an extension that appears twice");
        }
        seen.push(kind);
        match kind {
            oid::CRL_NUMBER => once(&mut found.number, number(value)?)?,
            oid::DELTA_CRL_INDICATOR => once(&mut found.base_number, number(value)?)?,
            oid::ISSUING_DISTRIBUTION_POINT => once(&mut found.scope, IssuingDistributionPoint::read(value)?)?,
            oid::AUTHORITY_KEY_IDENTIFIER => once(&mut found.authority_key_identifier, value.to_vec())?,
            // These say where else to look, or what the issuer is also called: nothing that changes what the entries mean.
            oid::FRESHEST_CRL => found.freshest = distribution_points(value)?,
            oid::ISSUER_ALT_NAME | oid::AUTHORITY_INFO_ACCESS => {}
            _ => found.unknown_critical |= critical,
        }
    }
    Ok(found)
}

/// A CRLNumber (section 5.2.3): never negative.
fn number(value: &[u8]) -> Result<CrlNumber, Wrong> {
    let mut inside = Strict::new(value);
    let content = integer(inside.field(INTEGER)?.content)?;
    inside.end()?;
    if content.first().is_some_and(|first| *first >= 0x80) {
        return Err("a list number below zero");
    }
    if content.len() > MAX_NUMBER {
        Err("a list number that is too long")
    } else {
        Ok(CrlNumber::new(magnitude(content)))
    }
}

/// The keyIdentifier of an AuthorityKeyIdentifier (section 4.2.1.1).
pub fn key_identifier(value: &[u8]) -> Option<&[u8]> {
    let mut outer = Strict::new(value);
    let mut fields = Strict::new(outer.field(SEQUENCE).ok()?.content);
    Some(fields.optional(context_primitive(0)).ok()??.content)
}
