//! Where the issuers of a certificate lead, by the signatures already verified (RFC 5280 section 6.1 without its validity checks,
//! which are not what these rules are about).

use super::view::View;
use crate::domain::certificate::Certificate;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::IssuerLink;

/// Longer chains do not exist in the field and would be a loop.
const MAX_DEPTH: usize = 16;

/// Where a walk from a certificate towards its root ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChainEnd<'a> {
    /// A configured anchor.
    Anchor,
    /// A self-signed certificate that is not an anchor.
    SelfSigned(&'a Certificate),
    /// The issuer of this one is not known.
    Unknown(&'a Certificate),
    /// This one is known as an issuer, and is not among the certificates allowed on the way.
    Absent(&'a Certificate),
}

/// Walks from `leaf` up. With `within`, every intermediate has to be among these; the root has not, for nobody sends or stores it
/// on purpose (RFC 8446 section 4.4.2 lets it be left out).
pub(super) fn walk<'a>(view: &View<'a>, leaf: &'a Certificate, within: Option<&[Fingerprint]>) -> ChainEnd<'a> {
    let mut current = leaf;
    for _ in 0..MAX_DEPTH {
        if view.is_anchor(current) {
            return ChainEnd::Anchor;
        }
        let link = view.inventory.certificate(&current.fingerprint).map_or(IssuerLink::Unknown, |record| record.issuer);
        let next = match link {
            IssuerLink::SelfSigned => return ChainEnd::SelfSigned(current),
            IssuerLink::Unknown => return ChainEnd::Unknown(current),
            IssuerLink::Issued(issuer) if view.is_anchor_fingerprint(&issuer) => return ChainEnd::Anchor,
            IssuerLink::Issued(issuer) => match view.facts(&issuer) {
                Some(facts) => facts,
                None => return ChainEnd::Unknown(current),
            },
        };
        let is_root = next.is_self_issued();
        if !is_root && within.is_some_and(|allowed| !allowed.contains(&next.fingerprint)) {
            return ChainEnd::Absent(next);
        }
        current = next;
    }
    ChainEnd::Unknown(current)
}
