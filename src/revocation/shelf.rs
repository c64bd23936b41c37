//! Lists that are held, ready to answer, and how they get there when a daemon starts.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::accept::{Expected, accept};
use super::index::fresh_key;
use super::kept::{Folder, KeepError, Kept, ListName};
use super::outcome::{NewList, Setup};
use crate::domain::time::Timestamp;
use crate::pki::crl::{Crl, Limits};

/// Lists that are held. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Shelf(Arc<RwLock<BTreeMap<ListName, Arc<Kept>>>>);

impl Shelf {
    /// Every list.
    pub fn lists(&self) -> Vec<Arc<Kept>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Every list, with the name it is kept under.
    pub fn named(&self) -> Vec<(ListName, Arc<Kept>)> {
        let lists = self.0.read().unwrap_or_else(PoisonError::into_inner);
        lists.iter().map(|(name, kept)| (name.clone(), Arc::clone(kept))).collect()
    }

    pub(super) fn get(&self, name: &ListName) -> Option<Arc<Kept>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(super) fn put(&self, name: ListName, kept: Kept) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::new(kept));
    }

    /// Lists of which an entry could not be read.
    pub fn damaged(&self) -> Vec<ListName> {
        let lists = self.0.read().unwrap_or_else(PoisonError::into_inner);
        lists.iter().filter(|(_, kept)| kept.is_damaged()).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn remove(&self, name: &ListName) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Puts what a folder holds here, and gives it. An index that is damaged is made again; a list that is damaged waits to be fetched again.
    pub(super) fn load(&self, folder: &Folder, setup: &Setup, now: Timestamp) -> Vec<(ListName, NewList)> {
        let names = folder.names().unwrap_or_else(|error| {
            tracing::error!(error = %error, "the folder of revocation lists cannot be read");
            Vec::new()
        });
        let mut loaded = Vec::new();
        for name in names {
            let kept = match folder.load(&name) {
                Ok(kept) => kept,
                Err(damage) => {
                    tracing::warn!(list = name.as_str(), error = %damage, "the index of a revocation list is made again");
                    self.rebuilt(folder, &name, setup, now).map_err(|error| told(&error)).ok()
                }
            };
            if let Some(kept) = kept {
                loaded.push((name.clone(), NewList::of(&kept, now)));
                self.put(name, kept);
            }
        }
        loaded
    }

    /// Makes the index again of every list of which an entry could not be read, and gives those whose DER is damaged too: they are held no more,
    /// and wait to be fetched again.
    pub(super) fn mend(&self, folder: &Folder, setup: &Setup, now: Timestamp) -> Vec<ListName> {
        let mut given_up = Vec::new();
        for name in self.damaged() {
            tracing::warn!(
                list = name.as_str(),
                "an entry could not be read: the index of a revocation list is made again"
            );
            match self.rebuilt(folder, &name, setup, now) {
                Ok(kept) => self.put(name, kept),
                // The disk that cannot take the index now may be able to at the next look.
                Err(error @ KeepError::Io { .. }) => told(&error),
                Err(error) => {
                    told(&error);
                    self.remove(&name);
                    given_up.push(name);
                }
            }
        }
        given_up
    }

    fn rebuilt(&self, folder: &Folder, name: &ListName, setup: &Setup, now: Timestamp) -> Result<Kept, KeepError> {
        let limits = Limits { max_bytes: setup.config.max_bytes, ..Limits::default() };
        let key = fresh_key().map_err(|source| KeepError::Io { name: name.as_str().to_owned(), source })?;
        let shelf = self.lists();
        let mut judge = |crl: &Crl| accept(crl, None, &Expected::default(), &shelf, &setup.trust, now);
        folder.rebuild(name, limits, key, &mut judge)
    }
}

fn told(error: &KeepError) {
    tracing::error!(error = %error, "the index of a revocation list could not be made again");
}
