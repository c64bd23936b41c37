//! Whether a list that came may replace the one that is held.

use super::kept::{Kept, Rejection};
use super::trust::{SKEW, Trust, settings};
use crate::domain::revocation::Why;
use crate::domain::time::Timestamp;
use crate::pki::crl::{Crl, Succession};
use crate::pki::revocation::Judge;
use std::sync::Arc;

/// What is wanted of a list, as far as is known before it comes.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Canonical names of who may issue it; anybody who is trusted, when empty.
    pub issuers: Vec<Arc<[u8]>>,
    /// Whether it is a delta CRL.
    pub delta: Option<bool>,
}

/// Judges a list that was read to its end. Who signed it comes first: what somebody else sent must not look like a mistake of the authority.
pub(super) fn accept(
    crl: &Crl,
    held: Option<&Crl>,
    expected: &Expected,
    shelf: &[Arc<Kept>],
    trust: &Trust,
    now: Timestamp,
) -> Result<(), Rejection> {
    if !expected.issuers.is_empty() && !expected.issuers.contains(&crl.issuer.canonical) {
        return Err(Rejection::Unwanted("wrong_issuer"));
    }
    let pool = trust.pool();
    let judge = Judge::new(&pool, settings(now), shelf.iter().map(|kept| kept.list()));
    judge.authority(crl).map_err(Rejection::Untrusted)?;
    if expected.delta.is_some_and(|delta| delta != crl.is_delta()) {
        return Err(Rejection::Unwanted("wrong_kind"));
    }
    if crl.this_update > now.plus_seconds(SKEW) {
        return Err(Rejection::Untrusted(Why::NotYetValid));
    }
    let Some(held) = held else { return Ok(()) };
    // An address is that of one authority: where none was expected, the first list decides. Whoever stands in the way once could else put
    // the list of another one there, whose numbers are higher.
    if crl.issuer != held.issuer {
        return Err(Rejection::Unwanted("wrong_issuer"));
    }
    if crl.is_delta() != held.is_delta() {
        return Err(Rejection::Unwanted("wrong_kind"));
    }
    let fresh = |crl: &Crl| crl.next_update.is_some_and(|next| now <= next) && !crl.unknown_critical;
    // Numbers count within one scope (RFC 5280 section 5.2.3).
    if crl.scope != held.scope {
        return if fresh(held) { Err(Rejection::Unwanted("scope_changed")) } else { Ok(()) };
    }
    match crl.succeeds(held) {
        Succession::Newer | Succession::Same => {}
        other => return Err(Rejection::NoSuccessor(other)),
    }
    // A list in force is not given up for one that says less.
    if fresh(held) && !fresh(crl) {
        return Err(match crl.next_update {
            _ if crl.unknown_critical => Rejection::Untrusted(Why::UnknownCriticalExtension),
            None => Rejection::Untrusted(Why::NoNextUpdate),
            Some(_) => Rejection::Untrusted(Why::Stale),
        });
    }
    Ok(())
}
