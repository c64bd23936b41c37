//! Whose certificates a list speaks for, where one name has several keys.
//!
//! To RFC 5280 an authority is a name, and a list signed with any of its keys under the same trust anchor covers all it issued (section 6.3.3
//! (f)). Authorities exist that keep one list per key (AD CS does): the list of one key says nothing of the certificates of the other, and whoever
//! takes it for more calls a revoked certificate good. So the keys have to say that they are one authority.

use super::super::path::{LimitExceeded, PathCertificate, Pool};
use super::super::signature::Accepted;
use crate::domain::certificate::KeyUsage;

/// A list signed by `signer` that does not name a certificate of `issuer` clears it: the key is the same, or signs no certificates (an
/// authority that has its lists signed by a key of their own), or that of `issuer` may not sign lists; or certificates the authority gave itself
/// lead from one key to the other, as those of a key that was changed do (RFC 4210 section 4.4).
///
/// # Errors
/// A bound on work was hit.
pub fn speaks_for(
    pool: &Pool,
    signer: &PathCertificate,
    issuer: &PathCertificate,
    accepted: Accepted,
) -> Result<bool, LimitExceeded> {
    // One that is named by another name, the issuer of an indirect list, is named on purpose (section 6.3.3 (b)(1)).
    if signer.subject != issuer.subject || signer.public_key_info == issuer.public_key_info {
        return Ok(true);
    }
    if !may(issuer, KeyUsage::CRL_SIGN) {
        return Ok(true);
    }
    if signs_certificates(signer) {
        return are_linked(pool, signer, issuer, accepted);
    }
    // Somebody a key of that name lets sign its lists says what that key would say.
    if signer.issuer != issuer.subject {
        return Ok(true);
    }
    for parent in pool.named(&issuer.subject.canonical).iter().filter(|parent| signs_certificates(parent)) {
        if pool.signed(signer, parent, accepted)?.is_ok() && are_linked(pool, parent, issuer, accepted)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Certificates the authority gave itself lead from one of its keys to the other.
fn are_linked(
    pool: &Pool,
    signer: &PathCertificate,
    issuer: &PathCertificate,
    accepted: Accepted,
) -> Result<bool, LimitExceeded> {
    // Each key of the name once, from that of `issuer` on, along certificates in either direction.
    let authorities = || pool.named(&issuer.subject.canonical).iter().filter(|authority| authority.is_ca());
    let links = || authorities().filter(|link| link.is_self_issued());
    let mut reached = vec![issuer];
    let mut next = 0;
    while let Some(from) = reached.get(next).copied() {
        if from.public_key_info == signer.public_key_info {
            return Ok(true);
        }
        next += 1;
        for other in authorities() {
            if reached.iter().any(|known| known.public_key_info == other.public_key_info) {
                continue;
            }
            let mut linked = other.is_self_issued() && pool.signed(other, from, accepted)?.is_ok();
            for link in links().filter(|link| link.public_key_info == from.public_key_info) {
                linked = linked || pool.signed(link, other, accepted)?.is_ok();
            }
            if linked {
                reached.push(other);
            }
        }
    }
    Ok(false)
}

/// An authority, and not somebody who signs lists for one.
pub fn signs_certificates(certificate: &PathCertificate) -> bool {
    certificate.is_ca() && may(certificate, KeyUsage::KEY_CERT_SIGN)
}

fn may(certificate: &PathCertificate, usage: KeyUsage) -> bool {
    certificate.extensions.key_usage.is_none_or(|allowed| allowed.contains(usage))
}
