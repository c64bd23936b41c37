//! Making an index while a list goes by.

use std::io::{self, Seek, SeekFrom, Write};

use super::super::super::digest::sha256;
use super::super::{Crl, Listed};
use super::file::{Facts, Header, Page};
use super::fingerprint::{Key, checksum};
use super::{ENTRY, IndexError, ReadAt};
use crate::domain::fingerprint::Fingerprint;

/// One bucket for each value of the first octet of a fingerprint.
const BUCKETS: usize = 256;
/// Entries taken from the system at a time for one bucket: a bucket that doubled instead would hold twice what it needs.
const CHUNK: usize = 512;

/// High and low half of the fingerprint, and the offset: twelve bytes, without padding.
type Packed = [u32; 3];

/// Collects the entries of one list, 12 bytes each.
pub struct Builder {
    key: Key,
    buckets: Vec<Vec<Vec<Packed>>>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Builder")
    }
}

impl Builder {
    /// An empty index with this key, which is drawn anew for every index.
    pub fn new(key: Key) -> Self {
        Self { key, buckets: vec![Vec::new(); BUCKETS] }
    }

    /// Takes an entry in.
    #[inline]
    pub fn add(&mut self, listed: &Listed<'_>) {
        let serial = listed.entry.serial;
        let fingerprint = match listed.issuer {
            None => self.key.of(serial),
            Some(issuer) => self.key.of_issuer(issuer, serial),
        };
        let (high, low) = ((fingerprint >> 32) as u32, fingerprint as u32);
        if let Some(bucket) = self.buckets.get_mut((high >> 24) as usize) {
            match bucket.last_mut() {
                Some(chunk) if chunk.len() < CHUNK => chunk.push([high, low, listed.offset]),
                _ => {
                    let mut chunk = Vec::with_capacity(CHUNK);
                    chunk.push([high, low, listed.offset]);
                    bucket.push(chunk);
                }
            }
        }
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
        let shift = 64 - header.page_bits;
        let (mut place, mut written) = (0, 0_u32);
        let mut page: Vec<u8> = Vec::new();
        let mut sorted: Vec<(u64, u32)> = Vec::new();
        for bucket in self.buckets {
            sorted.clear();
            for chunk in bucket {
                sorted.extend(
                    chunk.iter().map(|[high, low, offset]| (u64::from(*high) << 32 | u64::from(*low), *offset)),
                );
            }
            sorted.sort_unstable();
            for (fingerprint, offset) in &sorted {
                let of = usize::try_from(fingerprint.checked_shr(shift).unwrap_or(0)).unwrap_or(usize::MAX);
                while place < of {
                    close(&mut header, place, written, &mut page, out)?;
                    place += 1;
                }
                page.extend_from_slice(&fingerprint.to_le_bytes());
                page.extend_from_slice(&offset.to_le_bytes());
                written += 1;
            }
        }
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
