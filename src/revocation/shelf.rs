//! Lists that are held, ready to answer, and how they get there when a daemon starts.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::accept::{Expected, accept};
use super::index::fresh_key;
use super::kept::{Folder, Kept, ListName};
use super::outcome::{NewList, Setup};
use crate::domain::time::Timestamp;
use crate::pki::crl::index::IndexError;
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

    pub(super) fn remove(&self, name: &ListName) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// An entry of one of the lists could not be read: [`Shelf::load`] mends it.
    pub fn is_damaged(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().any(|kept| kept.is_damaged())
    }

    /// Puts what a folder holds here, and gives it. An index that is damaged is made again; a list that is damaged is given up, and waits to be
    /// fetched again.
    pub(super) fn load(&self, folder: &Folder, setup: &Setup, now: Timestamp) -> Vec<(ListName, NewList)> {
        let names = folder.names().unwrap_or_else(|error| {
            tracing::error!(error = %error, "the folder of revocation lists cannot be read");
            Vec::new()
        });
        let mut loaded = Vec::new();
        for name in names {
            // Damage within shows only when an entry is read.
            let read = match self.get(&name) {
                Some(known) if known.is_damaged() => Err(IndexError::Damaged("an entry that could not be read")),
                _ => folder.load(&name),
            };
            let kept = match read {
                Ok(kept) => kept,
                Err(damage) => {
                    tracing::warn!(list = name.as_str(), error = %damage, "the index of a revocation list is made again");
                    self.rebuilt(folder, &name, setup, now)
                }
            };
            match kept {
                Some(kept) => {
                    loaded.push((name.clone(), NewList::of(&kept, now)));
                    self.put(name, kept);
                }
                None => self.remove(&name),
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
