//! Which known authority signed which certificate: candidates by name and key identifier, decided by signature.

use std::collections::HashMap;
use std::sync::Arc;

use super::certificate::Parts;
use super::signature;
use crate::domain::certificate::Certificate;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::IssuerLink;

/// Certificates that are not worth another thread: some ten milliseconds of RSA.
const ONE_THREAD: usize = 512;

/// A certificate with its bytes.
#[derive(Debug, Clone)]
pub struct Known {
    /// Facts.
    pub facts: Arc<Certificate>,
    /// DER.
    pub der: Arc<[u8]>,
}

/// Authorities that may have signed something, by subject name.
#[derive(Debug, Default)]
pub struct Authorities {
    by_subject: HashMap<Arc<str>, Vec<Known>>,
}

impl Authorities {
    /// Indexes `candidates` by name. A candidate is whatever certificate is at hand: one that is not a CA is no less the signer.
    pub fn new(candidates: impl IntoIterator<Item = Known>) -> Self {
        let mut by_subject: HashMap<Arc<str>, Vec<Known>> = HashMap::new();
        for candidate in candidates {
            by_subject.entry(Arc::clone(&candidate.facts.subject)).or_default().push(candidate);
        }
        Self { by_subject }
    }

    /// Who signed this certificate. Key identifiers that contradict each other rule a candidate out.
    pub fn issuer_of(&self, facts: &Certificate, der: &[u8]) -> IssuerLink {
        let Some(child) = Parts::read(der) else { return IssuerLink::Unknown };
        if facts.is_self_issued() && signature::verifies(&child, child.public_key_info) {
            return IssuerLink::SelfSigned;
        }
        let candidates = self.by_subject.get(&facts.issuer).map(Vec::as_slice).unwrap_or_default();
        candidates
            .iter()
            .filter(|candidate| identifiers_agree(facts, &candidate.facts))
            .find(|candidate| {
                Parts::read(&candidate.der).is_some_and(|issuer| signature::verifies(&child, issuer.public_key_info))
            })
            .map_or(IssuerLink::Unknown, |candidate| IssuerLink::Issued(candidate.facts.fingerprint))
    }
}

/// The link of every new certificate, `threads` at work: a first scan of a large estate spends most of its time here.
pub fn issuer_links(new: &[Known], authorities: &Authorities, threads: usize) -> HashMap<Fingerprint, IssuerLink> {
    let link = |known: &Known| (known.facts.fingerprint, authorities.issuer_of(&known.facts, &known.der));
    let share = new.len().div_ceil(threads.max(1)).max(ONE_THREAD);
    let mut links = HashMap::with_capacity(new.len());
    std::thread::scope(|scope| {
        let mut shares = new.chunks(share);
        let own = shares.next().unwrap_or_default();
        let others: Vec<_> =
            shares.map(|share| scope.spawn(move || share.iter().map(link).collect::<Vec<_>>())).collect();
        links.extend(own.iter().map(link));
        for other in others {
            match other.join() {
                Ok(found) => links.extend(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    links
}

/// RFC 5280 section 4.2.1.1: where both are present they are the same.
fn identifiers_agree(child: &Certificate, issuer: &Certificate) -> bool {
    match (&child.key_ids.authority, &issuer.key_ids.subject) {
        (Some(wanted), Some(own)) => wanted == own,
        _ => true,
    }
}
