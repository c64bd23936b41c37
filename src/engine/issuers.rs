//! Finds who signed what: each signature is verified once, when both certificates are at hand.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::certificate::Certificate;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::inventory::{Inventory, IssuerLink};
use crate::domain::reconcile::Gathered;
use crate::pki::issuer_links::{Authorities, Known, issuer_links};
use crate::sources::anchors::Anchor;
use crate::store::{Store, StoreError};

/// The verdicts that what was gathered makes possible: for certificates not seen before, and for those whose issuer has only now
/// turned up, among what was gathered or, with `new_anchors`, among the anchors.
pub(super) async fn links(
    store: &Store,
    inventory: &Inventory,
    anchors: &[Anchor],
    gathered: &[Gathered],
    new_anchors: bool,
) -> Result<HashMap<Fingerprint, IssuerLink>, StoreError> {
    let mut met = HashSet::new();
    let fresh: Vec<Known> = gathered
        .iter()
        .flat_map(|run| &run.certificates)
        .filter(|(facts, _)| !inventory.certificates.contains_key(&facts.fingerprint) && met.insert(facts.fingerprint))
        .map(|(facts, der)| Known { facts: Arc::clone(facts), der: Arc::clone(der) })
        .collect();
    if fresh.is_empty() && !new_anchors {
        return Ok(HashMap::new());
    }
    let wanted: HashSet<&str> = fresh.iter().map(|known| &*known.facts.issuer).collect();
    let fresh_authorities = fresh.iter().filter(|known| known.facts.is_ca).map(|known| &*known.facts.subject);
    let anchored = anchors.iter().filter(|_| new_anchors).map(|anchor| &*anchor.facts.subject);
    let arrived: HashSet<&str> = fresh_authorities.chain(anchored).collect();
    let records = || inventory.certificates.values();
    let authorities = records().filter(|record| record.facts.is_ca && wanted.contains(&*record.facts.subject));
    let orphans =
        records().filter(|record| record.issuer == IssuerLink::Unknown && arrived.contains(&*record.facts.issuer));
    let authorities = whole(store, authorities.map(|record| Arc::clone(&record.facts)).collect()).await?;
    let orphans = whole(store, orphans.map(|record| Arc::clone(&record.facts)).collect()).await?;
    let anchors: Vec<Known> =
        anchors.iter().map(|anchor| Known { facts: Arc::clone(&anchor.facts), der: Arc::clone(&anchor.der) }).collect();
    let verdicts = tokio::task::spawn_blocking(move || {
        let arrived = fresh.iter().filter(|known| known.facts.is_ca).cloned();
        let authorities = Authorities::new(anchors.into_iter().chain(authorities).chain(arrived));
        let children: Vec<Known> = fresh.into_iter().chain(orphans).collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        issuer_links(&children, &authorities, threads)
    });
    // A panic here costs the verdicts of this run, not the run: the certificates stay without a known issuer.
    Ok(verdicts.await.unwrap_or_else(|error| {
        tracing::error!(error = %error, "signatures could not be verified");
        HashMap::new()
    }))
}

async fn whole(store: &Store, facts: Vec<Arc<Certificate>>) -> Result<Vec<Known>, StoreError> {
    if facts.is_empty() {
        return Ok(Vec::new());
    }
    let fingerprints: Vec<Fingerprint> = facts.iter().map(|facts| facts.fingerprint).collect();
    let mut ders = store.ders(&fingerprints).await?;
    Ok(facts.into_iter().filter_map(|facts| ders.remove(&facts.fingerprint).map(|der| Known { facts, der })).collect())
}
