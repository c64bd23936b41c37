//! A certificate as path validation sees it (RFC 5280 section 4). What it cannot read of it makes the certificate invalid on a path, never
//! unseen.

use std::sync::Arc;

use super::super::certificate::Parts;
use super::super::crl::scope::{DistributionPoint, distribution_points};
use super::super::crl::{Strict, Wrong, boolean, integer};
use super::super::der::{
    self, BIT_STRING, BOOLEAN, Element, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, UTC_TIME,
    context, context_primitive, minimal,
};
use super::super::digest::sha256;
use super::super::distinguished_name::{DistinguishedName, canonical};
use super::super::{date, oid};
use crate::domain::certificate::KeyUsage;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::time::Timestamp;

/// Extensions of one certificate.
const MAX_EXTENSIONS: usize = 128;

/// A certificate that may stand on a path.
#[derive(Debug, Clone)]
pub struct PathCertificate {
    /// The bytes.
    pub der: Arc<[u8]>,
    /// SHA-256 over them.
    pub fingerprint: Fingerprint,
    /// Subject.
    pub subject: DistinguishedName,
    /// Issuer.
    pub issuer: DistinguishedName,
    /// Octets of the serial number, as few as it takes.
    pub serial: Box<[u8]>,
    /// First and last instant; `None` when they cannot be read.
    pub validity: Option<(Timestamp, Timestamp)>,
    /// SubjectPublicKeyInfo, whole.
    pub public_key_info: Box<[u8]>,
    /// What the extensions say.
    pub extensions: Extensions,
    /// What is wrong with it, if anything: no path leads over it.
    pub malformed: Option<&'static str>,
}

impl PathCertificate {
    /// Reads a certificate. `None` when it has not the outline of one.
    pub fn read(der: Arc<[u8]>) -> Option<Self> {
        let parts = Parts::read(&der)?;
        let mut malformed = None;
        let extensions = match parts.extensions.map_or(Ok(Extensions::default()), |all| Extensions::read(all.content)) {
            Ok(extensions) => extensions,
            Err(what) => {
                malformed = Some(what);
                Extensions::default()
            }
        };
        // Section 4.1.1.2: the algorithm said inside is the one said outside.
        let mut inside = parts.tbs.children();
        let version = inside.field(context(0)).and_then(|version| version.children().field(INTEGER));
        inside.field(INTEGER);
        let mut outside = Reader::new(der::single(&der, SEQUENCE)?.content);
        outside.field(SEQUENCE);
        if inside.next().map(|algorithm| algorithm.raw) != outside.next().map(|algorithm| algorithm.raw) {
            malformed = Some("the signature algorithms inside and outside differ");
        }
        // Section 4.1.2.9: extensions belong to version 3.
        if parts.extensions.is_some() && version.is_none_or(|version| version.content != [2]) {
            malformed = Some("extensions in a certificate that is not of version 3");
        }
        let mut dates = parts
            .validity
            .children()
            .map(|time| matches!(time.tag, UTC_TIME | GENERALIZED_TIME).then(|| date::read(time)).flatten());
        let validity = dates.next().flatten().zip(dates.next().flatten());
        drop(dates);
        Some(Self {
            fingerprint: sha256(&der),
            subject: DistinguishedName::new(parts.subject),
            issuer: DistinguishedName::new(parts.issuer),
            serial: minimal(parts.serial_number).into(),
            validity,
            public_key_info: parts.public_key_info.raw.into(),
            extensions,
            malformed,
            der: Arc::clone(&der),
        })
    }

    /// Subject and issuer are the same name (section 6.1: self-issued).
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// basicConstraints cA.
    pub fn is_ca(&self) -> bool {
        self.extensions.basic_constraints.is_some_and(|basic| basic.ca)
    }

    /// It is the same authority: the name and the key.
    pub fn is_same_authority(&self, other: &Self) -> bool {
        self.public_key_info == other.public_key_info && self.subject == other.subject
    }
}

/// Content octets of an object identifier.
pub type Oid = Box<[u8]>;

/// basicConstraints (section 4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// cA.
    pub ca: bool,
    /// pathLenConstraint.
    pub path_length: Option<u64>,
}

/// A general name: tag and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Tag octet, the choice of GeneralName.
    pub tag: u8,
    /// Content; of a directoryName the canonical form, which is what is compared.
    pub content: Box<[u8]>,
}

/// nameConstraints (section 4.2.1.10).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameConstraints {
    /// permittedSubtrees.
    pub permitted: Vec<Name>,
    /// excludedSubtrees.
    pub excluded: Vec<Name>,
}

/// What the extensions of a certificate say to path validation and revocation.
#[derive(Debug, Clone, Default)]
pub struct Extensions {
    /// basicConstraints.
    pub basic_constraints: Option<BasicConstraints>,
    /// keyUsage.
    pub key_usage: Option<KeyUsage>,
    /// subjectAltName.
    pub subject_alt_names: Vec<Name>,
    /// nameConstraints.
    pub name_constraints: Option<NameConstraints>,
    /// certificatePolicies: the OIDs.
    pub policies: Option<Vec<Oid>>,
    /// policyMappings: issuer's and subject's.
    pub policy_mappings: Vec<(Oid, Oid)>,
    /// requireExplicitPolicy.
    pub require_explicit_policy: Option<u64>,
    /// inhibitPolicyMapping.
    pub inhibit_policy_mapping: Option<u64>,
    /// inhibitAnyPolicy.
    pub inhibit_any_policy: Option<u64>,
    /// subjectKeyIdentifier.
    pub subject_key: Option<Box<[u8]>>,
    /// authorityKeyIdentifier.
    pub authority_key: Option<Box<[u8]>>,
    /// cRLDistributionPoints.
    pub crl_points: Vec<DistributionPoint>,
    /// freshestCRL.
    pub freshest: Vec<DistributionPoint>,
    /// A critical extension this program does not know.
    pub unknown_critical: bool,
}

impl Extensions {
    fn read(content: &[u8]) -> Result<Self, Wrong> {
        let mut found = Self::default();
        let mut seen: Vec<&[u8]> = Vec::new();
        // The outline was read by the tolerant walk; the extensions that count are read strictly.
        for element in Reader::new(content) {
            let mut parts = element.of(SEQUENCE).ok_or("an extension that is no SEQUENCE")?.children();
            let kind = parts.field(OID).ok_or("an extension without a name")?.content;
            let critical = parts.field(BOOLEAN).is_some_and(|critical| critical.content != [0]);
            let value = parts.field(OCTET_STRING).ok_or("an extension without a value")?.content;
            if seen.len() >= MAX_EXTENSIONS {
                return Err("more extensions than any certificate has");
            }
            if seen.contains(&kind) {
                return Err("an extension that appears twice");
            }
            seen.push(kind);
            found.take(kind, critical, value)?;
        }
        Ok(found)
    }

    fn take(&mut self, kind: &[u8], critical: bool, value: &[u8]) -> Result<(), Wrong> {
        match kind {
            oid::BASIC_CONSTRAINTS => self.basic_constraints = Some(basic_constraints(value)?),
            oid::KEY_USAGE => self.key_usage = Some(key_usage(value)?),
            oid::SUBJECT_ALT_NAME => self.subject_alt_names = each(value, name)?,
            oid::NAME_CONSTRAINTS => self.name_constraints = Some(name_constraints(value)?),
            oid::CERTIFICATE_POLICIES => {
                self.policies = Some(each(value, |policy| Ok(Strict::new(policy.content).field(OID)?.content.into()))?);
            }
            oid::POLICY_MAPPINGS => {
                self.policy_mappings = each(value, |mapping| {
                    let mut both = Strict::new(mapping.content);
                    Ok((both.field(OID)?.content.into(), both.field(OID)?.content.into()))
                })?;
            }
            oid::POLICY_CONSTRAINTS => {
                let mut fields = sequence(value)?;
                self.require_explicit_policy = fields.optional(context_primitive(0))?.map(count).transpose()?;
                self.inhibit_policy_mapping = fields.optional(context_primitive(1))?.map(count).transpose()?;
                fields.end()?;
            }
            oid::INHIBIT_ANY_POLICY => self.inhibit_any_policy = Some(count(Strict::new(value).field(INTEGER)?)?),
            oid::SUBJECT_KEY_IDENTIFIER => {
                self.subject_key = Some(Strict::new(value).field(OCTET_STRING)?.content.into());
            }
            oid::AUTHORITY_KEY_IDENTIFIER => {
                self.authority_key = sequence(value)?.optional(context_primitive(0))?.map(|id| id.content.into());
            }
            // A distribution point that cannot be read leads nowhere; it makes a status unknown, not a path invalid.
            oid::CRL_DISTRIBUTION_POINTS => {
                self.crl_points =
                    distribution_points(value).or_else(|what| if critical { Err(what) } else { Ok(Vec::new()) })?
            }
            oid::FRESHEST_CRL => {
                self.freshest =
                    distribution_points(value).or_else(|what| if critical { Err(what) } else { Ok(Vec::new()) })?
            }
            // What a key is for is not asked here, and the rest says nothing a path depends on.
            oid::EXTENDED_KEY_USAGE | oid::ISSUER_ALT_NAME | oid::AUTHORITY_INFO_ACCESS => {}
            _ => self.unknown_critical |= critical,
        }
        Ok(())
    }
}

fn sequence(value: &[u8]) -> Result<Strict<'_>, Wrong> {
    let mut outer = Strict::new(value);
    let inside = outer.field(SEQUENCE)?;
    outer.end()?;
    Ok(Strict::new(inside.content))
}

/// Every element of a SEQUENCE OF, of which there must be one.
fn each<T>(value: &[u8], read: impl Fn(Element<'_>) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
    let mut fields = sequence(value)?;
    let mut found = Vec::new();
    while !fields.is_empty() {
        found.push(read(fields.any()?)?);
    }
    if found.is_empty() { Err("an empty list in an extension") } else { Ok(found) }
}

fn count(element: Element<'_>) -> Result<u64, Wrong> {
    integer(element.content)?;
    Element { tag: INTEGER, ..element }.unsigned().ok_or("a number that is negative or too large")
}

fn basic_constraints(value: &[u8]) -> Result<BasicConstraints, Wrong> {
    let mut fields = sequence(value)?;
    let ca = fields.optional(BOOLEAN)?.map_or(Ok(false), boolean)?;
    let path_length = fields.optional(INTEGER)?.map(count).transpose()?;
    fields.end()?;
    Ok(BasicConstraints { ca, path_length })
}

fn key_usage(value: &[u8]) -> Result<KeyUsage, Wrong> {
    let bits = Strict::new(value).field(BIT_STRING)?.bits().ok_or("a key usage that is no BIT STRING")?;
    let octet = |place: usize| bits.get(place).map_or(0, |octet| u16::from(octet.reverse_bits()));
    Ok(KeyUsage(octet(0) | (octet(1) & 1) << 8))
}

fn name(general: Element<'_>) -> Result<Name, Wrong> {
    let content = if general.tag == context(4) {
        canonical(Strict::new(general.content).field(SEQUENCE)?.content).into()
    } else {
        general.content.into()
    };
    Ok(Name { tag: general.tag, content })
}

fn name_constraints(value: &[u8]) -> Result<NameConstraints, Wrong> {
    let mut fields = sequence(value)?;
    let permitted = fields.optional(context(0))?.map(|trees| subtrees(trees.content)).transpose()?;
    let excluded = fields.optional(context(1))?.map(|trees| subtrees(trees.content)).transpose()?;
    fields.end()?;
    if permitted.is_none() && excluded.is_none() {
        return Err("name constraints that constrain nothing");
    }
    Ok(NameConstraints { permitted: permitted.unwrap_or_default(), excluded: excluded.unwrap_or_default() })
}

/// Section 4.2.1.10: minimum is zero and maximum absent, for every form of name.
fn subtrees(content: &[u8]) -> Result<Vec<Name>, Wrong> {
    let mut trees = Strict::new(content);
    let mut found = Vec::new();
    while !trees.is_empty() {
        let mut tree = Strict::new(trees.field(SEQUENCE)?.content);
        let base = name(tree.any()?)?;
        if tree.optional(context_primitive(0))?.is_some_and(|minimum| minimum.content != [0]) || !tree.is_empty() {
            return Err("a name constraint with a depth");
        }
        found.push(base);
    }
    if found.is_empty() { Err("an empty list of name constraints") } else { Ok(found) }
}
