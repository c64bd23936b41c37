//! Making an index while a list goes by.

use std::io::{Seek, SeekFrom, Write};

use super::super::super::digest::sha256;
use super::super::{Crl, Listed};
use super::buckets::{Packed, fingerprint, packed};
use super::file::{Facts, Header, Page};
use super::fingerprint::{Checksum, Key};
use super::sorter::Sorter;
use super::{ENTRY, IndexError, ReadAt};
use crate::domain::fingerprint::Fingerprint;

/// Collects the entries of one list, 12 bytes each.
pub struct Builder {
    key: Key,
    entries: Sorter,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Builder")
    }
}

impl Builder {
    /// An empty index with this key, which is drawn anew for every index.
    pub fn new(key: Key) -> Self {
        Self { key, entries: Sorter::new() }
    }

    /// Takes an entry in.
    #[inline]
    pub fn add(&mut self, listed: &Listed<'_>) {
        let serial = listed.entry.serial;
        let fingerprint = match listed.issuer {
            None => self.key.of(serial),
            Some(issuer) => self.key.of_issuer(issuer, serial),
        };
        self.entries.add(packed(fingerprint, listed.offset));
    }

    /// Sorts and writes the index of `crl`, whose DER is `list`. Call it once the signature of the list was verified: an index that
    /// exists is believed.
    ///
    /// # Errors
    /// As `out` and `list` give them.
    pub fn write<W: Write + Seek>(self, crl: &Crl, list: &dyn ReadAt, out: &mut W) -> Result<(), IndexError> {
        let seal = seal(list, crl.layout.entries.start, crl.layout.entries.end, crl.layout.bytes)?;
        let mut header = Header::new(self.key, Facts::of(crl, seal));
        // The directory is not known yet, its size is.
        let room = header.write().len() as u64;
        out.seek(SeekFrom::Start(room))?;
        let mut pages = Pages::new(&mut header);
        let mut bytes: Vec<u8> = Vec::new();
        self.entries.sorted(&mut |bucket: &[Packed]| {
            bytes.resize(bucket.len() * ENTRY, 0);
            for (entry, place) in bucket.iter().zip(bytes.as_chunks_mut::<ENTRY>().0) {
                let (fingerprint, [.., offset]) = (fingerprint(*entry), *entry);
                pages.take(fingerprint, offset);
                let [packed @ .., _, _, _, _] = (u128::from(offset) << 64 | u128::from(fingerprint)).to_le_bytes();
                *place = packed;
            }
            out.write_all(&bytes)
        })?;
        if pages.finish() != crl.entries {
            return Err(IndexError::Damaged("entries that were lost while it was made"));
        }
        out.seek(SeekFrom::Start(0))?;
        out.write_all(&header.write())?;
        out.flush()?;
        Ok(())
    }
}

/// The directory of an index while its entries go by.
struct Pages<'a> {
    header: &'a mut Header,
    /// The page that is being filled, and its last fingerprint.
    place: usize,
    last: u64,
    sum: Checksum,
    /// Entries in it, and in all.
    here: u32,
    total: u32,
}

impl<'a> Pages<'a> {
    const fn new(header: &'a mut Header) -> Self {
        let last = header.last_of(0);
        Self { header, place: 0, last, sum: Checksum::new(), here: 0, total: 0 }
    }

    #[inline]
    fn take(&mut self, fingerprint: u64, offset: u32) {
        while fingerprint > self.last {
            self.close();
        }
        self.sum.take(fingerprint, offset);
        self.here += 1;
    }

    fn close(&mut self) {
        self.total += self.here;
        if let Some(page) = self.header.pages.get_mut(self.place) {
            *page = Page { end: self.total, sum: self.sum.finish(self.here) };
        }
        self.place += 1;
        (self.last, self.sum, self.here) = (self.header.last_of(self.place), Checksum::new(), 0);
    }

    /// Closes the page at hand and those behind it, and gives the number of entries.
    fn finish(mut self) -> u32 {
        while self.place < self.header.pages.len() {
            self.close();
        }
        self.total
    }
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
