//! Lists that are held, ready to answer, and how they get there when a daemon starts.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::accept::{Expected, accept};
use super::index::fresh_key;
use super::kept::{Folder, Kept, ListName};
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

    pub(super) fn get(&self, name: &ListName) -> Option<Arc<Kept>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(super) fn put(&self, name: ListName, kept: Kept) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::new(kept));
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
                    self.rebuilt(folder, &name, setup, now)
                }
            };
            if let Some(kept) = kept {
                loaded.push((name.clone(), NewList::of(&kept, now)));
                self.put(name, kept);
            }
        }
        loaded
    }

    fn rebuilt(&self, folder: &Folder, name: &ListName, setup: &Setup, now: Timestamp) -> Option<Kept> {
        let limits = Limits { max_bytes: setup.config.max_bytes, ..Limits::default() };
        let key = fresh_key().ok()?;
        let shelf = self.lists();
        let mut judge = |crl: &Crl| accept(crl, None, &Expected::default(), &shelf, &setup.trust, now);
        match folder.rebuild(name, limits, key, &mut judge) {
            Ok(kept) => Some(kept),
            Err(error) => {
                tracing::error!(error = %error, "a kept revocation list is damaged and is fetched again");
                None
            }
        }
    }
}
