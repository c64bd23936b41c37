//! Validation of one path (RFC 5280 section 6.1), from the trust anchor to the certificate. Revocation is [`super::super::revocation`]'s.

use std::sync::Arc;

use super::Invalid;
use super::certificate::PathCertificate;
use super::constraints::{Constraints, Refused};
use super::policy::Policies;
use crate::domain::certificate::KeyUsage;
use crate::domain::time::Timestamp;

/// Checks everything but the signatures, which the search for the path has checked. `path` begins with the certificate and ends with the
/// trust anchor.
///
/// # Errors
/// The first reason, in the order of the section.
pub fn validate(path: &[Arc<PathCertificate>], at: Timestamp) -> Result<(), Invalid> {
    let Some((anchor, below)) = path.split_last() else { return Err(Invalid::NoPath) };
    let length = below.len() as u64;
    // Section 6.1.1 (d) takes a name and a key for an anchor. Ours come as certificates, and what those say is held to: an authority
    // limits itself there (RFC 5937).
    well_formed(anchor, at)?;
    if below.is_empty() {
        return Ok(());
    }
    let mut constraints = Constraints::default();
    let mut policies = Policies::new(length); // 6.1.2 (a), (d), (e), (f)
    let mut max_path_length = length; // 6.1.2 (k)
    issues(anchor, false, &mut max_path_length)?;
    if let Some(own) = &anchor.extensions.name_constraints {
        constraints.add(own);
    }
    for (place, certificate) in below.iter().enumerate().rev() {
        let last = place == 0;
        well_formed(certificate, at)?; // 6.1.3 (a)(2), 6.1.4 (o), 6.1.5 (f)
        // 6.1.3 (a)(4): the search joined issuer and subject by name.
        // 6.1.3 (b) and (c)
        if last || !certificate.is_self_issued() {
            constraints.check(certificate).map_err(|refused| match refused {
                Refused::Outside => Invalid::NameConstraints,
                Refused::TooMany => Invalid::LimitExceeded,
            })?;
        }
        // 6.1.3 (d) to (f)
        if !policies.certificate(certificate, last) {
            return Err(Invalid::Policy);
        }
        if last {
            break;
        }
        // 6.1.4 (a), (b), (h) to (j)
        if !policies.next(certificate) {
            return Err(Invalid::Policy);
        }
        // 6.1.4 (g)
        if let Some(own) = &certificate.extensions.name_constraints {
            constraints.add(own);
        }
        // 6.1.4 (k) to (n)
        issues(certificate, true, &mut max_path_length)?;
    }
    let target = below.first().unwrap_or(anchor);
    // 6.1.5 (a), (b), (g)
    if policies.wrap_up(target) { Ok(()) } else { Err(Invalid::Policy) }
}

/// What any certificate must be at this time.
fn well_formed(certificate: &PathCertificate, at: Timestamp) -> Result<(), Invalid> {
    if certificate.malformed.is_some() {
        return Err(Invalid::Malformed);
    }
    match certificate.validity {
        None => return Err(Invalid::Malformed),
        Some((not_before, _)) if at < not_before => return Err(Invalid::NotYetValid),
        Some((_, not_after)) if at > not_after => return Err(Invalid::Expired),
        Some(_) => {}
    }
    if certificate.extensions.unknown_critical {
        return Err(Invalid::UnknownCriticalExtension);
    }
    Ok(())
}

/// What a certificate must be to have issued the next one. A trust anchor of version 1 or 2 says nothing of itself; section 6.1.4 (k) lets
/// such an intermediate pass on other evidence, and there is none here.
fn issues(certificate: &PathCertificate, counted: bool, max_path_length: &mut u64) -> Result<(), Invalid> {
    let extensions = &certificate.extensions;
    // (k)
    match extensions.basic_constraints {
        Some(basic) if basic.ca => {}
        None if !counted && extensions.key_usage.is_none() => {}
        _ => return Err(Invalid::NotACa),
    }
    // (l)
    if counted && !certificate.is_self_issued() {
        *max_path_length = max_path_length.checked_sub(1).ok_or(Invalid::PathTooLong)?;
    }
    // (m)
    if let Some(own) = extensions.basic_constraints.and_then(|basic| basic.path_length) {
        *max_path_length = own.min(*max_path_length);
    }
    // (n)
    if extensions.key_usage.is_some_and(|usage| !usage.contains(KeyUsage::KEY_CERT_SIGN)) {
        return Err(Invalid::KeyUsage);
    }
    Ok(())
}
