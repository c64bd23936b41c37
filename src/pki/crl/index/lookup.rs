//! Answering from an index.

use aws_lc_rs::digest::Digest;

use super::super::super::der::{Reader, minimal};
use super::super::super::digest::sha256;
use super::super::super::{public_key, signature};
use super::super::Crl;
use super::super::entry::Entry;
use super::super::head::{Head, Tail};
use super::super::list::Layout;
use super::super::strict::header;
use super::builder::ends;
use super::file::{Facts, Header, PREFIX, pages_size};
use super::fingerprint::Checksum;
use super::{ENTRY, IndexError, ReadAt};
use crate::domain::revocation::Revocation;

/// Read in one go where an entry stands: all but a few end within.
const GLANCE: usize = 128;

/// An index that is ready to answer.
#[derive(Debug)]
pub struct Index {
    header: Header,
    /// Where the pages begin.
    start: u64,
}

impl Index {
    /// Opens the index of `list` (DER) and gives back what the list says of itself, signature included, without reading its entries.
    /// The signature is as good as [`Crl::verify`] finds it.
    ///
    /// # Errors
    /// [`IndexError`]: make the index again.
    pub fn open(index: &dyn ReadAt, list: &dyn ReadAt) -> Result<(Self, Crl), IndexError> {
        let mut prefix = [0; PREFIX];
        let size = index.size()?;
        if size < PREFIX as u64 {
            return Err(IndexError::OtherFormat);
        }
        index.read_exact_at(&mut prefix, 0)?;
        let length = Header::length(&prefix)?;
        if size < u64::from(length) {
            return Err(IndexError::Damaged("cut short"));
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        index.read_exact_at(&mut bytes, 0)?;
        let header = Header::read(&bytes)?;
        let start = u64::from(length);
        if size != start + pages_size(header.facts.count) {
            return Err(IndexError::Damaged("cut short"));
        }
        let crl = described(&header.facts, list)?;
        Ok((Self { header, start }, crl))
    }

    /// What the list says of a certificate: serial number (octets of the INTEGER), and canonical name of its issuer where that is not
    /// the issuer of the list. `None`: not listed.
    ///
    /// # Errors
    /// Damage, in the index or in the list.
    pub fn find(
        &self,
        index: &dyn ReadAt,
        list: &dyn ReadAt,
        issuer: Option<&[u8]>,
        serial: &[u8],
    ) -> Result<Option<Revocation>, IndexError> {
        let serial = minimal(serial);
        let key = &self.header.key;
        let wanted = issuer.map_or_else(|| key.of(serial), |issuer| key.of_issuer(issuer, serial));
        let place = self.header.page_of(wanted);
        let page = self.header.pages.get(place).ok_or(IndexError::Damaged("directory"))?;
        let first =
            place.checked_sub(1).and_then(|before| self.header.pages.get(before)).map_or(0, |before| before.end);
        let entries = usize::try_from(page.end.saturating_sub(first)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; entries.saturating_mul(ENTRY)];
        index.read_exact_at(&mut bytes, self.start + pages_size(first))?;
        let (entries, _) = bytes.as_chunks::<ENTRY>();
        let fingerprint = |entry: &[u8; ENTRY]| entry.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
        let offset = |entry: &[u8; ENTRY]| entry.last_chunk().map_or(0, |last| u32::from_le_bytes(*last));
        let mut sum = Checksum::new();
        entries.iter().for_each(|entry| sum.take(fingerprint(entry), offset(entry)));
        if sum.finish(page.end.saturating_sub(first)) != page.sum {
            return Err(IndexError::Damaged("checksum of a page"));
        }
        let from = entries.partition_point(|entry| fingerprint(entry) < wanted);
        let same = entries.iter().skip(from).take_while(|entry| fingerprint(entry) == wanted);
        let mut found = None;
        for entry in same {
            // Of several entries of one certificate the last one counts: offsets grow.
            found = Some(self.confirm(list, u64::from(offset(entry)), serial)?);
        }
        Ok(found)
    }

    /// Reads the entry in the list. A fingerprint that is there while the serial number is not means damage: two serial numbers meet in a
    /// keyed fingerprint once in 2^64 pairs, and the key of the next index parts them.
    fn confirm(&self, list: &dyn ReadAt, offset: u64, serial: &[u8]) -> Result<Revocation, IndexError> {
        let damaged = || IndexError::Damaged("an entry of the list");
        let facts = &self.header.facts;
        if offset < facts.entries_start || offset >= facts.entries_end {
            return Err(damaged());
        }
        let room = usize::try_from(facts.list_bytes - offset).unwrap_or(usize::MAX);
        let mut bytes = vec![0; room.min(GLANCE)];
        list.read_exact_at(&mut bytes, offset)?;
        let (_, start, length) = header(&bytes).ok().flatten().ok_or_else(damaged)?;
        let end = start + length;
        if end > bytes.len() {
            if end > room.min(super::super::stream::MAX_ENTRY) {
                return Err(damaged());
            }
            bytes.resize(end, 0);
            list.read_exact_at(&mut bytes, offset)?;
        }
        let entry = Entry::read(bytes.get(start..end).unwrap_or_default()).map_err(|_| damaged())?;
        if entry.serial == serial { Ok(entry.revocation()) } else { Err(damaged()) }
    }
}

/// The list beside an index, from what stands around its entries.
fn described(facts: &Facts, list: &dyn ReadAt) -> Result<Crl, IndexError> {
    if list.size()? != facts.list_bytes {
        return Err(IndexError::OtherList);
    }
    let (mut before, behind) = ends(list, facts.entries_start, facts.entries_end, facts.list_bytes)?;
    let seal = sha256(&[&before[..], &behind].concat());
    if seal != facts.seal {
        return Err(IndexError::OtherList);
    }
    let other = |_| IndexError::OtherList;
    // A list without entries may end where its head does: the head is told apart by what follows.
    if facts.entries_start == facts.entries_end {
        before.extend_from_slice(&behind);
    }
    let head = Head::read(&before).map_err(other)?.ok_or(IndexError::OtherList)?;
    if head.entries != (facts.entries_start..facts.entries_end) || head.end != facts.list_bytes {
        return Err(IndexError::OtherList);
    }
    let tail = Tail::read(&behind, &head).map_err(other)?;
    let algorithm = Reader::new(&head.algorithm).next().and_then(public_key::algorithm_identifier);
    let hash = algorithm.and_then(|(kind, parameters)| signature::digest_algorithm(kind, parameters));
    let digest = hash.map(|hash| Digest::import_less_safe(&facts.digest, hash)).transpose();
    let digest = digest.map_err(|_| IndexError::Damaged("digest of the list"))?;
    let layout = Layout { bytes: head.end, entries: head.entries.clone() };
    let crl = Crl::new(&head, tail, layout, digest, facts.count, facts.unknown_critical);
    if Facts::of(&crl, seal) == *facts { Ok(crl) } else { Err(IndexError::OtherList) }
}
