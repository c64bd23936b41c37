//! A list that was read to its end: what it says of itself, and its signature.

use std::ops::Range;
use std::sync::Arc;

use aws_lc_rs::digest::Digest;

use super::super::certificate::Parts;
use super::super::der::Reader;
use super::super::digest::sha256;
use super::super::distinguished_name::DistinguishedName;
use super::super::signature::{self, Accepted, SignatureProblem};
use super::super::{oid, public_key};
use super::head::{Head, Tail, key_identifier};
use super::number::CrlNumber;
use super::scope::{DistributionPoint, IssuingDistributionPoint};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::revocation::ListRef;
use crate::domain::time::Timestamp;

/// Where things stand in the DER of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Length of the whole.
    pub bytes: u64,
    /// Where the entries begin and end.
    pub entries: Range<u64>,
}

/// Facts and signature of a list. Being read says nothing of being true: see [`Crl::verify`].
#[derive(Clone)]
pub struct Crl {
    /// Who issued it.
    pub issuer: DistinguishedName,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Option<Timestamp>,
    /// cRLNumber.
    pub number: Option<CrlNumber>,
    /// BaseCRLNumber: this is a delta CRL (RFC 5280 section 5.2.4).
    pub base_number: Option<CrlNumber>,
    /// issuingDistributionPoint.
    pub scope: Option<IssuingDistributionPoint>,
    /// freshestCRL: where its deltas are.
    pub freshest: Vec<DistributionPoint>,
    /// The list or one of its entries has a critical extension this program does not know: it says nothing about any certificate
    /// it does not name (sections 5.2 and 5.3).
    pub unknown_critical: bool,
    /// Number of entries.
    pub entries: u32,
    /// Signature algorithm by the name OpenSSL prints, or its OID.
    pub signature_algorithm: Arc<str>,
    /// SHA-256 over the digest of what is signed, the algorithm and the signature. It names the list as a hash of all its bytes
    /// would: what is signed is bound by its digest, the rest is hashed itself, and strict DER leaves no third place.
    pub identity: Fingerprint,
    /// Where things stand in its DER.
    pub layout: Layout,
    /// authorityKeyIdentifier as encoded: which key of the issuer signed it.
    pub authority_key_identifier: Option<Vec<u8>>,
    pub(super) digest: Option<Digest>,
    pub(super) signature: Vec<u8>,
    pub(super) algorithm: Vec<u8>,
}

impl std::fmt::Debug for Crl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Crl");
        shown.field("issuer", &self.issuer.text()).field("this_update", &self.this_update);
        shown.field("next_update", &self.next_update).field("number", &self.number.as_ref().map(CrlNumber::to_string));
        shown.field("entries", &self.entries).finish_non_exhaustive()
    }
}

impl Crl {
    pub(super) fn new(
        head: &Head,
        tail: Tail,
        layout: Layout,
        digest: Option<Digest>,
        entries: u32,
        unknown_critical_entry: bool,
    ) -> Self {
        let kind = Reader::new(&head.algorithm)
            .next()
            .and_then(public_key::algorithm_identifier)
            .map_or(&[][..], |(kind, _)| kind);
        let signature_algorithm = oid::signature_algorithm(kind).into();
        let digested = digest.as_ref().map_or(&[][..], |digest| digest.as_ref());
        let identity = sha256(&[digested, &head.algorithm[..], &tail.signature].concat());
        let found = tail.extensions;
        Self {
            issuer: head.issuer.clone(),
            this_update: head.this_update,
            next_update: head.next_update,
            number: found.number,
            base_number: found.base_number,
            scope: found.scope,
            freshest: found.freshest,
            unknown_critical: found.unknown_critical || unknown_critical_entry,
            entries,
            signature_algorithm,
            identity,
            layout,
            authority_key_identifier: found.authority_key_identifier,
            digest,
            signature: tail.signature,
            algorithm: head.algorithm.clone(),
        }
    }

    /// The signature holds with the key of this SubjectPublicKeyInfo (DER).
    ///
    /// # Errors
    /// It does not, or its kind is not accepted.
    pub fn verify(&self, public_key_info: &[u8], accepted: Accepted) -> Result<(), SignatureProblem> {
        let digest = self.digest.as_ref().ok_or(SignatureProblem::Unsupported)?;
        signature::verify_digest(&self.algorithm, public_key_info, digest, &self.signature, accepted)
    }

    /// [`Crl::verify`] with the key of a certificate (DER). Name, dates and rights of that certificate are not looked at.
    ///
    /// # Errors
    /// As [`Crl::verify`]; a certificate that cannot be read has no key the signature holds with.
    pub fn verify_by(&self, certificate: &[u8], accepted: Accepted) -> Result<(), SignatureProblem> {
        let parts = Parts::read(certificate).ok_or(SignatureProblem::Wrong)?;
        self.verify(parts.public_key_info.raw, accepted)
    }

    /// It lists changes since a complete list only.
    pub const fn is_delta(&self) -> bool {
        self.base_number.is_some()
    }

    /// It may hold entries of certificates of other issuers.
    pub fn is_indirect(&self) -> bool {
        self.scope.as_ref().is_some_and(|scope| scope.indirect)
    }

    /// The key identifier in it.
    pub fn authority_key(&self) -> Option<&[u8]> {
        key_identifier(self.authority_key_identifier.as_deref()?)
    }

    /// How to speak of it.
    pub fn reference(&self) -> ListRef {
        ListRef {
            issuer: self.issuer.text(),
            crl_number: self.number.as_ref().map(|number| number.to_string().into()),
            this_update: self.this_update,
            next_update: self.next_update,
        }
    }

    /// It was issued after this other list of its issuer, scope and key: a higher number (section 5.2.3) or, where they have the same or one has
    /// none, a later thisUpdate. Of two lists neither may be.
    pub fn is_later_than(&self, other: &Self) -> bool {
        match (&self.number, &other.number) {
            (Some(own), Some(others)) if own != others => own > others,
            _ => self.this_update > other.this_update,
        }
    }

    /// How it stands to the list held so far, which has the same issuer and scope. Only [`Succession::Newer`] may replace it.
    pub fn succeeds(&self, held: &Self) -> Succession {
        if self.identity == held.identity {
            return Succession::Same;
        }
        match (&self.number, &held.number) {
            (Some(new), Some(old)) if new < old => Succession::NumberBackwards,
            (None, Some(_)) => Succession::NumberBackwards,
            (Some(new), Some(old)) if new == old => Succession::NumberStuck,
            _ if self.this_update < held.this_update => Succession::Older,
            _ => Succession::Newer,
        }
    }
}

/// How a list stands to the one held (RFC 5280 section 5.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Succession {
    /// Its successor.
    Newer,
    /// The very same list.
    Same,
    /// Another list of the same number.
    NumberStuck,
    /// A lower number, or none where there was one.
    NumberBackwards,
    /// Issued before it.
    Older,
}
