//! Answers for a few certificates while a list goes by, without keeping it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::der::minimal;
use super::Listed;
use crate::domain::revocation::Revocation;

/// An entry that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Canonical name of the certificate's issuer in an indirect list; `None` for the issuer of the list.
    pub issuer: Option<Arc<[u8]>>,
    /// What the entry says.
    pub revocation: Revocation,
}

/// The serial numbers that are of interest, and what a list said of them.
#[derive(Debug)]
pub struct Watch {
    wanted: HashSet<Box<[u8]>>,
    /// One bit for every last two octets of a wanted serial number: nearly every entry ends here.
    filter: Box<[u64; 1024]>,
    found: HashMap<Box<[u8]>, Vec<Found>>,
}

impl Watch {
    /// For certificates with these serial numbers (octets of the INTEGER).
    pub fn new<'a>(serials: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut watch = Self { wanted: HashSet::new(), filter: Box::new([0; 1024]), found: HashMap::new() };
        for serial in serials {
            let serial = minimal(serial);
            let (word, bit) = place(serial);
            if let Some(word) = watch.filter.get_mut(word) {
                *word |= bit;
            }
            watch.wanted.insert(serial.into());
        }
        watch
    }

    /// Looks at an entry.
    #[inline]
    pub fn see(&mut self, listed: &Listed<'_>) {
        let (word, bit) = place(listed.entry.serial);
        if self.filter.get(word).is_some_and(|word| word & bit != 0) && self.wanted.contains(listed.entry.serial) {
            let found = Found { issuer: listed.issuer.cloned(), revocation: listed.entry.revocation() };
            self.found.entry(listed.entry.serial.into()).or_default().push(found);
        }
    }

    /// What was said of a serial number of the certificates of this issuer (canonical name, `None` for the issuer of the list).
    /// Of several entries the last one counts.
    pub fn find(&self, issuer: Option<&[u8]>, serial: &[u8]) -> Option<&Revocation> {
        let found = self.found.get(minimal(serial))?;
        found.iter().rev().find(|found| found.issuer.as_deref() == issuer).map(|found| &found.revocation)
    }
}

fn place(serial: &[u8]) -> (usize, u64) {
    let end = match serial {
        [.., a, b] => u16::from_be_bytes([*a, *b]),
        [a] => u16::from(*a),
        [] => 0,
    };
    (usize::from(end >> 6), 1 << (end & 63))
}
