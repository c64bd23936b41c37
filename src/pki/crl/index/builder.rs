//! Making an index while a list goes by.

use std::io::{self, Seek, SeekFrom, Write};

use super::super::super::digest::sha256;
use super::super::{Crl, Listed};
use super::file::{Facts, Header, Page};
use super::fingerprint::{Key, checksum};
use super::sort::{Packed, sorted};
use super::{ENTRY, IndexError, ReadAt};
use crate::domain::fingerprint::Fingerprint;

/// Collects the entries of one list, 12 bytes each.
pub struct Builder {
    key: Key,
    /// It grows as vectors do. Beyond a page or two the system moves it without copying, and what was not written to yet is no memory.
    entries: Vec<Packed>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Builder")
    }
}

impl Builder {
    /// An empty index with this key, which is drawn anew for every index.
    pub fn new(key: Key) -> Self {
        Self { key, entries: Vec::new() }
    }

    /// Takes an entry in.
    #[inline]
    pub fn add(&mut self, listed: &Listed<'_>) {
        let serial = listed.entry.serial;
        let fingerprint = match listed.issuer {
            None => self.key.of(serial),
            Some(issuer) => self.key.of_issuer(issuer, serial),
        };
        self.entries.push([(fingerprint >> 32) as u32, fingerprint as u32, listed.offset]);
    }

    /// Sorts and writes the index of `crl`, whose DER is `list`. Call it once the signature of the list was verified: an index that
    /// exists is believed.
    ///
    /// # Errors
    /// As `out` and `list` give them.
    pub fn write<W: Write + Seek>(mut self, crl: &Crl, list: &dyn ReadAt, out: &mut W) -> Result<(), IndexError> {
        let seal = seal(list, crl.layout.entries.start, crl.layout.entries.end, crl.layout.bytes)?;
        let mut header = Header::new(self.key, Facts::of(crl, seal));
        // The directory is not known yet, its size is.
        let room = header.write().len() as u64;
        out.seek(SeekFrom::Start(room))?;
        let shift = 64 - header.page_bits;
        let (mut place, mut written) = (0, 0_u32);
        let mut page: Vec<u8> = Vec::new();
        sorted(&mut self.entries, &mut |bucket| {
            for [high, low, offset] in bucket {
                let fingerprint = u64::from(*high) << 32 | u64::from(*low);
                let of = usize::try_from(fingerprint.checked_shr(shift).unwrap_or(0)).unwrap_or(usize::MAX);
                while place < of {
                    close(&mut header, place, written, &mut page, out)?;
                    place += 1;
                }
                let mut entry = [0; ENTRY];
                let (key, tail) = entry.split_at_mut(8);
                key.copy_from_slice(&fingerprint.to_le_bytes());
                tail.copy_from_slice(&offset.to_le_bytes());
                page.extend_from_slice(&entry);
                written += 1;
            }
            Ok::<_, IndexError>(())
        })?;
        while place < header.pages.len() {
            close(&mut header, place, written, &mut page, out)?;
            place += 1;
        }
        debug_assert_eq!(written, crl.entries, "every entry of the list was added");
        out.seek(SeekFrom::Start(0))?;
        out.write_all(&header.write())?;
        out.flush()?;
        Ok(())
    }
}

fn close<W: Write>(header: &mut Header, place: usize, end: u32, page: &mut Vec<u8>, out: &mut W) -> io::Result<()> {
    debug_assert!(page.len().is_multiple_of(ENTRY));
    if let Some(known) = header.pages.get_mut(place) {
        *known = Page { end, sum: checksum(page) };
    }
    out.write_all(page)?;
    page.clear();
    Ok(())
}

/// SHA-256 over a list without its entries. The signature behind them signs them: a list with other entries has another seal.
pub(super) fn seal(list: &dyn ReadAt, start: u64, end: u64, size: u64) -> Result<Fingerprint, IndexError> {
    let mut around = ends(list, start, end, size)?;
    around.0.extend_from_slice(&around.1);
    Ok(sha256(&around.0))
}

/// What stands before and behind the entries.
pub(super) fn ends(list: &dyn ReadAt, start: u64, end: u64, size: u64) -> Result<(Vec<u8>, Vec<u8>), IndexError> {
    let room = |length: u64| {
        let length = usize::try_from(length).ok().filter(|length| *length <= 1 << 20);
        length.ok_or(IndexError::Damaged("size of the list around its entries"))
    };
    let (mut before, mut behind) = (vec![0; room(start)?], vec![0; room(size.saturating_sub(end))?]);
    list.read_exact_at(&mut before, 0)?;
    list.read_exact_at(&mut behind, end)?;
    Ok((before, behind))
}
