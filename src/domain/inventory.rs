//! The inventory: one snapshot of what is declared and what was found. Shared by reference; a change makes a new one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::certificate::Certificate;
use super::certificates::Certificates;
use super::crl::Revocations;
use super::declaration::Declaration;
use super::fingerprint::Fingerprint;
use super::found_card::{ChipSerial, FoundCard};
use super::observation::{Location, Observation, Problem, SourceName};
use super::reconcile::Changes;
use super::time::Timestamp;

/// Everything the rules may look at. The two large maps are shared between snapshots until one of them changes: a scan that
/// found everything as it was costs no copy.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// What should exist.
    pub declaration: Arc<Declaration>,
    /// Configured trust anchors.
    pub anchors: Arc<[Arc<Certificate>]>,
    /// What of `trust.anchors` could not be read, or is no authority.
    pub anchor_errors: Arc<[ItemError]>,
    /// Every certificate ever seen, once each.
    pub certificates: Arc<Certificates>,
    /// What each location holds now.
    pub observations: Arc<BTreeMap<Location, Arc<Observation>>>,
    /// Every CPx card ever seen, by its chip.
    pub cards: Arc<BTreeMap<ChipSerial, Arc<FoundCard>>>,
    /// How each source did last time.
    pub sources: BTreeMap<SourceName, SourceState>,
    /// Revocation lists and what they say.
    pub revocation: Arc<Revocations>,
}

/// A certificate of the inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRecord {
    /// What it says.
    pub facts: Arc<Certificate>,
    /// When any source first saw it.
    pub first_seen: Timestamp,
    /// Who signed it, as far as known.
    pub issuer: IssuerLink,
}

/// The certificate whose key verifies the signature of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuerLink {
    /// None of the certificates at hand.
    Unknown,
    /// Its own key.
    SelfSigned,
    /// The key of this certificate: an anchor or one of the inventory.
    Issued(Fingerprint),
}

/// How a source did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceState {
    /// `file`, `tls`, `declared`.
    pub kind: Arc<str>,
    /// End of the last run, whatever it gave.
    pub last_run: Option<Timestamp>,
    /// End of the last run that was not refused as a whole.
    pub last_success: Option<Timestamp>,
    /// Why the last run failed as a whole.
    pub failure: Option<Problem>,
    /// Items the last run could not read, by place; at most a bounded number are kept, `error_count` counts them all.
    pub errors: Arc<[ItemError]>,
    /// All errors of the last run.
    pub error_count: u64,
    /// Locations the last run saw.
    pub seen: u64,
}

/// One thing a source could not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemError {
    /// The file, folder or endpoint, printable.
    pub place: Arc<str>,
    /// Reason and message.
    pub problem: Problem,
}

impl Inventory {
    /// The record of a certificate.
    pub fn certificate(&self, fingerprint: &Fingerprint) -> Option<&Arc<CertificateRecord>> {
        self.certificates.get(fingerprint)
    }

    /// The certificates at a location, in order.
    pub fn at<'a>(&'a self, location: &Location) -> impl Iterator<Item = &'a Arc<CertificateRecord>> + 'a {
        self.observations
            .get(location)
            .into_iter()
            .flat_map(|observation| observation.certificates())
            .filter_map(|fingerprint| self.certificates.get(&fingerprint))
    }

    /// The snapshot after `changes`.
    #[must_use]
    pub fn after(mut self, changes: &Changes) -> Self {
        if !changes.certificates.is_empty() {
            let certificates = Arc::make_mut(&mut self.certificates);
            certificates.extend(changes.certificates.iter().cloned());
        }
        if !(changes.appeared.is_empty() && changes.changed.is_empty() && changes.gone.is_empty()) {
            let observations = Arc::make_mut(&mut self.observations);
            for observation in changes.appeared.iter().chain(&changes.changed) {
                observations.insert(observation.location.clone(), Arc::clone(observation));
            }
            for location in &changes.gone {
                observations.remove(location);
            }
        }
        if !changes.cards.is_empty() {
            let cards = Arc::make_mut(&mut self.cards);
            cards.extend(changes.cards.iter().map(|change| (change.card.chip.clone(), Arc::clone(&change.card))));
        }
        for (name, state) in &changes.sources {
            self.sources.insert(Arc::clone(name), state.clone());
        }
        self
    }
}
