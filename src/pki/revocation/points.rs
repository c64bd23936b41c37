//! Whether a list speaks for a certificate (RFC 5280 section 6.3.3 (b) to (d)).

use super::super::crl::Crl;
use super::super::crl::scope::{DistributionPoint, GeneralName, Reasons};
use super::super::path::PathCertificate;

/// How a list stands to a certificate and one of its distribution points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// It speaks for it.
    Covers,
    /// Of the right issuer, for other certificates.
    OutOfScope,
    /// Of another issuer.
    OtherIssuer,
}

/// Section 6.3.3 (b)(1) and (2).
pub fn covers(crl: &Crl, certificate: &PathCertificate, point: &DistributionPoint) -> Coverage {
    // (b)(1)
    if point.crl_issuer.is_empty() {
        if crl.issuer != certificate.issuer {
            return Coverage::OtherIssuer;
        }
    } else {
        if !point.crl_issuer.contains(&GeneralName::directory(&crl.issuer)) {
            return Coverage::OtherIssuer;
        }
        if !crl.is_indirect() {
            return Coverage::OutOfScope;
        }
    }
    // (b)(2)
    let Some(scope) = &crl.scope else { return Coverage::Covers };
    // (i)
    if let Some(name) = &scope.name {
        let offered = name.resolved(&crl.issuer);
        let wanted = match &point.name {
            Some(name) => name.resolved(&crl.issuer),
            None => point.crl_issuer.clone(),
        };
        if !wanted.iter().any(|name| offered.contains(name)) {
            return Coverage::OutOfScope;
        }
    }
    // (ii) to (iv)
    if (scope.only_user && certificate.is_ca()) || (scope.only_ca && !certificate.is_ca()) || scope.only_attribute {
        return Coverage::OutOfScope;
    }
    Coverage::Covers
}

/// Section 6.3.3 (d): interim_reasons_mask.
pub fn reasons(crl: &Crl, point: &DistributionPoint) -> Reasons {
    let all = Reasons::ALL;
    let scope = crl.scope.as_ref().and_then(|scope| scope.reasons).unwrap_or(all);
    scope.intersection(point.reasons.unwrap_or(all))
}

/// Section 6.3.3 (c)(1) and (2): the same issuer and the same scope.
pub fn same_scope(one: &Crl, other: &Crl) -> bool {
    one.issuer == other.issuer && one.scope == other.scope
}
