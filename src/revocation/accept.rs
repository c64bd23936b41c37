//! Whether a list that came may replace the one that is held.

use super::kept::{Kept, Rejection};
use super::trust::{SKEW, Trust, settings};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::revocation::Why;
use crate::domain::time::Timestamp;
use crate::pki::crl::scope::PointName;
use crate::pki::crl::{Crl, Succession};
use crate::pki::path::{PathCertificate, Pool};
use crate::pki::revocation::Judge;
use std::sync::Arc;

/// What is wanted of a list, as far as is known before it comes.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Canonical names of who may issue it; anybody who is trusted, when empty.
    pub issuers: Vec<Arc<[u8]>>,
    /// The authorities that issued the certificates that name it; nobody knows, when empty.
    pub authorities: Vec<Fingerprint>,
    /// What these certificates call it; anything, when empty.
    pub names: Vec<PointName>,
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
    let signer = judge.authority(crl).map_err(Rejection::Untrusted)?;
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
    match stand(crl, &signer, held, expected, &judge, &pool) {
        Stand::Series => {}
        Stand::Rightful => return Ok(()),
        Stand::Other(what) if fresh(held) => return Err(Rejection::Unwanted(what)),
        Stand::Other(_) => return Ok(()),
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

/// How a list stands to the one that is held under the name it would have.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// Of one scope and one authority: numbers count (RFC 5280 section 5.2.3).
    Series,
    /// The certificates that name it need this one, and not the one that is held, whose number counts for nothing.
    Rightful,
    /// Of another scope, or signed with a key that nothing makes the same authority's. The code says which.
    Other(&'static str),
}

pub(super) fn stand(
    crl: &Crl,
    signer: &PathCertificate,
    held: &Crl,
    expected: &Expected,
    judge: &Judge<'_>,
    pool: &Pool,
) -> Stand {
    // Of somebody who is believed no more nothing can be said: numbers it is.
    let held_by = judge.authority(held).ok();
    let intruder = held_by.as_ref().is_some_and(|by| !suits(held, by, expected, judge, pool));
    if intruder && suits(crl, signer, expected, judge, pool) {
        return Stand::Rightful;
    }
    if crl.scope != held.scope {
        return Stand::Other("scope_changed");
    }
    let related = |by: &Arc<PathCertificate>| judge.speaks_for(signer, by) || judge.speaks_for(by, signer);
    if held_by.as_ref().is_none_or(related) { Stand::Series } else { Stand::Other("key_changed") }
}

/// A list is what the certificates that name it need: for their distribution point, and signed with a key that speaks for one of theirs.
pub(super) fn suits(crl: &Crl, signer: &PathCertificate, expected: &Expected, judge: &Judge<'_>, pool: &Pool) -> bool {
    let resolved = |name: &PointName| name.resolved(&crl.issuer);
    let offered = crl.scope.as_ref().and_then(|scope| scope.name.as_ref()).map(resolved);
    let called = offered.is_none_or(|offered| {
        let mut wanted = expected.names.iter().flat_map(resolved);
        expected.names.is_empty() || wanted.any(|name| offered.contains(&name))
    });
    let wanted = |known: &&Arc<PathCertificate>| expected.authorities.contains(&known.fingerprint);
    let mut authorities = pool.certificates().filter(wanted).peekable();
    called && (authorities.peek().is_none() || authorities.any(|authority| judge.speaks_for(signer, authority)))
}
