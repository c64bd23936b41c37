//! Every certificate of the inventory, by its fingerprint, which is part of it and stands nowhere else: a hundred thousand certificates
//! would have it twice.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::fingerprint::Fingerprint;
use super::inventory::CertificateRecord;

/// Records by fingerprint, one of each.
#[derive(Debug, Clone, Default)]
pub struct Certificates(HashSet<Kept>);

impl Certificates {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The record with this fingerprint.
    pub fn get(&self, fingerprint: &Fingerprint) -> Option<&Arc<CertificateRecord>> {
        self.0.get(fingerprint).map(|Kept(record)| record)
    }

    /// There is one with this fingerprint.
    pub fn contains_key(&self, fingerprint: &Fingerprint) -> bool {
        self.0.contains(fingerprint)
    }

    /// Keeps a record instead of the one with its fingerprint.
    pub fn insert(&mut self, record: Arc<CertificateRecord>) {
        self.0.replace(Kept(record));
    }

    /// Every record, in no order.
    pub fn values(&self) -> impl Iterator<Item = &Arc<CertificateRecord>> + Clone {
        self.0.iter().map(|Kept(record)| record)
    }

    /// Every fingerprint, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &Fingerprint> + Clone {
        self.0.iter().map(Borrow::borrow)
    }
}

impl PartialEq for Certificates {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.values().all(|record| other.get(&record.facts.fingerprint) == Some(record))
    }
}

impl Eq for Certificates {}

impl Extend<Arc<CertificateRecord>> for Certificates {
    fn extend<I: IntoIterator<Item = Arc<CertificateRecord>>>(&mut self, records: I) {
        let records = records.into_iter();
        self.0.reserve(records.size_hint().0);
        records.for_each(|record| self.insert(record));
    }
}

impl FromIterator<Arc<CertificateRecord>> for Certificates {
    fn from_iter<I: IntoIterator<Item = Arc<CertificateRecord>>>(records: I) -> Self {
        let mut all = Self::default();
        all.extend(records);
        all
    }
}

/// Equal when the fingerprints are.
#[derive(Debug, Clone)]
struct Kept(Arc<CertificateRecord>);

impl Borrow<Fingerprint> for Kept {
    fn borrow(&self) -> &Fingerprint {
        &self.0.facts.fingerprint
    }
}

impl Hash for Kept {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.facts.fingerprint.hash(state);
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.0.facts.fingerprint == other.0.facts.fingerprint
    }
}

impl Eq for Kept {}
