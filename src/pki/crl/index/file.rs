//! The beginning of an index file: what it was made for and by, and where its pages are.
//!
//! All numbers little end first: magic (8), length of the header in all (4), key (16), facts, directory (12 bytes a page), SHA-256 over
//! everything before it (32). Pages follow.

use super::super::super::digest::sha256;
use super::super::list::Crl;
use super::fingerprint::Key;
use super::{ENTRY, IndexError, PAGE};
use crate::domain::fingerprint::Fingerprint;

/// The last digit is the version of the format.
const MAGIC: &[u8; 8] = b"VIGIECR4";
/// Magic and length.
pub const PREFIX: usize = 12;
/// A header larger than this is none: a directory of 65 536 pages is 768 KiB.
pub const MAX_HEADER: u32 = 16 << 20;
const SUM: usize = 32;
const MAX_PAGE_BITS: u32 = 18;

/// What an index is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// [`Crl::identity`].
    pub identity: Fingerprint,
    /// SHA-256 over what stands before and behind the entries of the list.
    pub seal: Fingerprint,
    /// SHA-256 over the canonical name of the issuer.
    pub issuer: Fingerprint,
    pub this_update: i64,
    /// The least number for none.
    pub next_update: i64,
    pub number: Vec<u8>,
    /// Digest of what is signed; empty when the algorithm is not verified.
    pub digest: Vec<u8>,
    pub list_bytes: u64,
    pub entries_start: u64,
    pub entries_end: u64,
    pub unknown_critical: bool,
    pub count: u32,
}

impl Facts {
    pub fn of(crl: &Crl, seal: Fingerprint) -> Self {
        Self {
            identity: crl.identity,
            seal,
            issuer: sha256(&crl.issuer.canonical),
            this_update: crl.this_update.unix(),
            next_update: crl.next_update.map_or(i64::MIN, |at| at.unix()),
            number: crl.number.as_ref().map(|number| number.octets().to_vec()).unwrap_or_default(),
            digest: crl.digest.as_ref().map(|digest| digest.as_ref().to_vec()).unwrap_or_default(),
            list_bytes: crl.layout.bytes,
            entries_start: crl.layout.entries.start,
            entries_end: crl.layout.entries.end,
            unknown_critical: crl.unknown_critical,
            count: crl.entries,
        }
    }
}

/// Where a page ends, counted in entries from the first, and its checksum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Page {
    pub end: u32,
    pub sum: u64,
}

/// Everything before the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub key: Key,
    pub facts: Facts,
    pub page_bits: u32,
    pub pages: Vec<Page>,
}

impl Header {
    /// With an empty directory of the size this many entries need.
    pub fn new(key: Key, facts: Facts) -> Self {
        let wanted = facts.count.div_ceil(PAGE).max(1);
        let page_bits = wanted.next_power_of_two().trailing_zeros().min(MAX_PAGE_BITS);
        Self { key, facts, page_bits, pages: vec![Page::default(); 1 << page_bits] }
    }

    /// The page of a fingerprint: its leading bits.
    pub fn page_of(&self, fingerprint: u64) -> usize {
        let page = fingerprint.checked_shr(64 - self.page_bits).unwrap_or(0);
        usize::try_from(page).unwrap_or(usize::MAX)
    }

    /// The last fingerprint that belongs into this page or one before it.
    pub const fn last_of(&self, page: usize) -> u64 {
        match (page as u64 + 1).checked_shl(64 - self.page_bits) {
            Some(next) => next.wrapping_sub(1),
            None => u64::MAX,
        }
    }

    pub fn write(&self) -> Vec<u8> {
        let facts = &self.facts;
        let mut out = Vec::with_capacity(self.pages.len() * 12 + 512);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[0; 4]); // the length, below
        out.extend_from_slice(&self.key.0);
        for fingerprint in [facts.identity, facts.seal, facts.issuer] {
            out.extend_from_slice(&fingerprint.0);
        }
        for number in [facts.this_update, facts.next_update] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for number in [facts.list_bytes, facts.entries_start, facts.entries_end] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for number in [facts.count, u32::from(facts.unknown_critical), self.page_bits] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for octets in [&facts.number, &facts.digest] {
            out.push(u8::try_from(octets.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(octets);
        }
        for page in &self.pages {
            out.extend_from_slice(&page.end.to_le_bytes());
            out.extend_from_slice(&page.sum.to_le_bytes());
        }
        let length = u32::try_from(out.len() + SUM).unwrap_or(u32::MAX);
        if let Some(place) = out.get_mut(8..PREFIX) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        let sum = sha256(&out);
        out.extend_from_slice(&sum.0);
        out
    }

    /// The length of the header that begins so.
    pub fn length(prefix: &[u8; PREFIX]) -> Result<u32, IndexError> {
        let Some(length) = prefix.strip_prefix(MAGIC).and_then(|length| length.first_chunk()) else {
            return Err(IndexError::OtherFormat);
        };
        let length = u32::from_le_bytes(*length);
        if (64..=MAX_HEADER).contains(&length) { Ok(length) } else { Err(IndexError::Damaged("length of the header")) }
    }

    pub fn read(bytes: &[u8]) -> Result<Self, IndexError> {
        let damaged = || IndexError::Damaged("header");
        let (body, sum) = bytes.split_last_chunk::<SUM>().ok_or_else(damaged)?;
        if sha256(body).0 != *sum {
            return Err(IndexError::Damaged("checksum of the header"));
        }
        let mut fields = Fields(body.get(PREFIX..).unwrap_or_default());
        let header = fields.header().ok_or_else(damaged)?;
        // Pages in order, the last one ending where the entries do.
        let ordered = header.pages.is_sorted_by_key(|page| page.end);
        let whole = header.pages.last().is_some_and(|page| page.end == header.facts.count);
        if ordered && whole { Ok(header) } else { Err(damaged()) }
    }
}

/// Bytes of all pages.
pub const fn pages_size(count: u32) -> u64 {
    count as u64 * ENTRY as u64
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn header(&mut self) -> Option<Header> {
        let key = Key(self.array()?);
        let [identity, seal, issuer] = [self.array()?, self.array()?, self.array()?].map(Fingerprint);
        let (this_update, next_update) = (i64::from_le_bytes(self.array()?), i64::from_le_bytes(self.array()?));
        let [list_bytes, entries_start, entries_end] =
            [self.array()?, self.array()?, self.array()?].map(u64::from_le_bytes);
        let [count, flags, page_bits] = [self.array()?, self.array()?, self.array()?].map(u32::from_le_bytes);
        let (number, digest) = (self.octets()?, self.octets()?);
        if page_bits > MAX_PAGE_BITS || flags > 1 || entries_start > entries_end || entries_end > list_bytes {
            return None;
        }
        let mut pages = Vec::with_capacity(1 << page_bits);
        for _ in 0..1_u32 << page_bits {
            pages.push(Page { end: u32::from_le_bytes(self.array()?), sum: u64::from_le_bytes(self.array()?) });
        }
        let facts = Facts {
            identity,
            seal,
            issuer,
            this_update,
            next_update,
            number,
            digest,
            list_bytes,
            entries_start,
            entries_end,
            unknown_critical: flags == 1,
            count,
        };
        self.0.is_empty().then_some(Header { key, facts, page_bits, pages })
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn octets(&mut self) -> Option<Vec<u8>> {
        let [length] = self.array()?;
        let (octets, rest) = self.0.split_at_checked(usize::from(length))?;
        self.0 = rest;
        Some(octets.to_vec())
    }
}
