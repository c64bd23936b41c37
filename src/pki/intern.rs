//! One copy of the texts that many certificates share: issuers, algorithms, usages.

use std::collections::HashSet;
use std::sync::Arc;

/// Gives the same allocation for the same value. Keep one for a whole scan: a hundred thousand certificates have few issuers.
#[derive(Debug, Default)]
pub struct Interner {
    texts: HashSet<Arc<str>>,
    lists: HashSet<Arc<[Arc<str>]>>,
}

impl Interner {
    /// The shared copy of a text.
    pub fn text(&mut self, text: &str) -> Arc<str> {
        match self.texts.get(text) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = text.into();
                self.texts.insert(Arc::clone(&new));
                new
            }
        }
    }

    /// The shared copy of a list of texts.
    pub fn list(&mut self, list: &[Arc<str>]) -> Arc<[Arc<str>]> {
        match self.lists.get(list) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<[Arc<str>]> = list.into();
                self.lists.insert(Arc::clone(&new));
                new
            }
        }
    }

    /// Drops what nobody outside holds any more.
    pub fn forget_unused(&mut self) {
        self.lists.retain(|list| Arc::strong_count(list) > 1);
        self.texts.retain(|text| Arc::strong_count(text) > 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one_allocation_until_forgotten() {
        let mut interner = Interner::default();
        let first = interner.text("CN=AC");
        assert!(Arc::ptr_eq(&first, &interner.text("CN=AC")));
        let list = interner.list(&[Arc::clone(&first)]);
        assert!(Arc::ptr_eq(&list, &interner.list(&[first])));
        drop(list);
        interner.forget_unused();
        assert!(interner.texts.is_empty() && interner.lists.is_empty());
    }
}
