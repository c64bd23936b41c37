//! Revocation status (RFC 5280 sections 5 and 6.3): good, revoked or unknown. Unknown is never good.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;

use super::offer::{UnknownWord, spelled};
use super::time::Timestamp;

spelled! {
    /// CRLReason (RFC 5280 section 5.3.1).
    Reason, "revocation reason" {
        /// unspecified (0).
        Unspecified = "unspecified",
        /// keyCompromise (1).
        KeyCompromise = "key_compromise",
        /// cACompromise (2).
        CaCompromise = "ca_compromise",
        /// affiliationChanged (3).
        AffiliationChanged = "affiliation_changed",
        /// superseded (4).
        Superseded = "superseded",
        /// cessationOfOperation (5).
        CessationOfOperation = "cessation_of_operation",
        /// certificateHold (6): the only reason that can be lifted again.
        CertificateHold = "certificate_hold",
        /// removeFromCRL (8): in delta CRLs, what was on hold no longer is.
        RemoveFromCrl = "remove_from_crl",
        /// privilegeWithdrawn (9).
        PrivilegeWithdrawn = "privilege_withdrawn",
        /// aACompromise (10).
        AaCompromise = "aa_compromise",
    }
}

spelled! {
    /// The three answers.
    Status, "revocation status" {
        /// A fresh list that covers the certificate and every reason does not hold it.
        Good = "good",
        /// A list whose signature holds names it, however old that list is.
        Revoked = "revoked",
        /// Neither can be said.
        Unknown = "unknown",
    }
}

spelled! {
    /// Why nothing can be said. The order is that of how much they tell: of several lists the last reason in this order is
    /// reported.
    Why, "reason for an unknown status" {
        /// No certification path to a trust anchor, so nobody's list can be trusted.
        NoPath = "no_path",
        /// No list of the issuer, or of those it names, is at hand.
        NoList = "no_list",
        /// The lists at hand are for other certificates (issuing distribution point).
        OutOfScope = "out_of_scope",
        /// A delta CRL without the complete CRL it builds on.
        DeltaWithoutBase = "delta_without_base",
        /// The lists at hand are signed with another key of the issuer, and nothing says that they cover this one's certificates.
        OtherKey = "other_key",
        /// Issued in the future.
        NotYetValid = "not_yet_valid",
        /// A bound on work or size was hit.
        LimitExceeded = "limit_exceeded",
        /// The index of the list is damaged, or belongs to another list.
        IndexDamaged = "index_damaged",
        /// The signature is of a kind this program does not verify, or not any more.
        UnsupportedAlgorithm = "unsupported_algorithm",
        /// The signature does not hold with any key of the issuer.
        BadSignature = "bad_signature",
        /// Who signed the list has no valid path to the same trust anchor.
        SignerUntrusted = "signer_untrusted",
        /// Who signed the list may not (keyUsage without cRLSign).
        SignerWithoutCrlSign = "signer_without_crl_sign",
        /// The certificate of who signed the list is revoked.
        SignerRevoked = "signer_revoked",
        /// Whether the certificate of who signed the list is revoked cannot be said.
        SignerUnknown = "signer_unknown",
        /// A critical extension this program does not know, of the list or of an entry.
        UnknownCriticalExtension = "unknown_critical_extension",
        /// The lists at hand cover some of the revocation reasons only.
        ReasonsNotCovered = "reasons_not_covered",
        /// A list that does not say until when it holds (RFC 5280 section 5.1.2.5 wants it).
        NoNextUpdate = "no_next_update",
        /// Past its nextUpdate.
        Stale = "stale",
    }
}

/// The list an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListRef {
    /// Issuer of the list, RFC 4514.
    pub issuer: Arc<str>,
    /// cRLNumber in decimal.
    pub crl_number: Option<Arc<str>>,
    /// thisUpdate.
    pub this_update: Timestamp,
    /// nextUpdate.
    pub next_update: Option<Timestamp>,
}

/// What an entry of a list says (RFC 5280 section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Revocation {
    /// revocationDate.
    pub revoked_at: Timestamp,
    /// reasonCode, `None` when absent.
    pub reason: Option<Reason>,
    /// invalidityDate: since when the key is suspected.
    pub invalidity_date: Option<Timestamp>,
}

/// The answer for one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Not revoked, as of a fresh list.
    Good(ListRef),
    /// Revoked.
    Revoked {
        /// When and why.
        revocation: Revocation,
        /// Which list says so.
        list: ListRef,
        /// That list is past its nextUpdate, or says none. Revoked all the same.
        stale: bool,
    },
    /// Cannot tell.
    Unknown {
        /// Why not.
        why: Why,
        /// The list that came closest.
        list: Option<ListRef>,
    },
}

impl Verdict {
    /// Which of the three.
    pub const fn status(&self) -> Status {
        match self {
            Self::Good(_) => Status::Good,
            Self::Revoked { .. } => Status::Revoked,
            Self::Unknown { .. } => Status::Unknown,
        }
    }

    /// The list it rests on.
    pub const fn list(&self) -> Option<&ListRef> {
        match self {
            Self::Good(list) | Self::Revoked { list, .. } => Some(list),
            Self::Unknown { list, .. } => list.as_ref(),
        }
    }

    /// The answer for a whole path: the first revoked certificate, else the first of unknown status, else the answer for the
    /// first certificate. Unknown for no answers at all.
    pub fn worst(verdicts: &[Self]) -> Self {
        let first = |status| verdicts.iter().find(|verdict| verdict.status() == status);
        first(Status::Revoked)
            .or_else(|| first(Status::Unknown))
            .or_else(|| verdicts.first())
            .cloned()
            .unwrap_or(Self::Unknown { why: Why::NoPath, list: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts() {
        let list =
            ListRef { issuer: "CN=AC".into(), crl_number: None, this_update: Timestamp::default(), next_update: None };
        let good = Verdict::Good(list.clone());
        let unknown = Verdict::Unknown { why: Why::Stale, list: None };
        let revocation = Revocation { revoked_at: Timestamp::default(), reason: None, invalidity_date: None };
        let revoked = Verdict::Revoked { revocation, list, stale: true };
        assert_eq!(Verdict::worst(&[]).status(), Status::Unknown);
        assert_eq!(Verdict::worst(std::slice::from_ref(&good)).status(), Status::Good);
        assert_eq!(Verdict::worst(&[good.clone(), unknown.clone()]).status(), Status::Unknown);
        assert_eq!(Verdict::worst(&[good, unknown, revoked]).status(), Status::Revoked);
    }
}
