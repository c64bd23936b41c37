//! One pass over a list: the bytes are hashed and walked as they come, and nothing is kept but a cut entry.

use std::ops::Range;
use std::sync::Arc;

use aws_lc_rs::digest::Context;

use super::super::der::{Reader, SEQUENCE};
use super::super::distinguished_name::canonical;
use super::super::{public_key, signature};
use super::entry::Entry;
use super::hash::Hash;
use super::head::{Head, Tail, malformed};
use super::list::{Crl, Layout};
use super::strict::header;
use super::{CrlError, Limits};

/// Octets of one entry. A certificateIssuer with a long name and some extensions is a kilobyte.
pub(super) const MAX_ENTRY: usize = 64 << 10;
/// Octets taken from a new piece to complete what was cut.
const MEND: usize = 512;

/// One entry where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// Offset of the entry in the DER of the list.
    pub offset: u32,
    /// The entry.
    pub entry: &'a Entry<'a>,
    /// The canonical name of the certificate's issuer in an indirect list; `None` for the issuer of the list.
    pub issuer: Option<&'a Arc<[u8]>>,
}

/// A list being read. Push every byte of its DER, then finish.
pub struct Stream {
    limits: Limits,
    head: Option<Arc<Head>>,
    /// Octets that came and are not walked yet: the beginning of an element whose end has not come.
    carry: Vec<u8>,
    /// Offset of the first octet that is not walked.
    position: u64,
    /// Octets that came.
    received: u64,
    hash: Hash,
    entries: u32,
    issuer: Option<Issuer>,
    indirect_entries: bool,
    unknown_critical_entry: bool,
}

/// The certificateIssuer in force (RFC 5280 section 5.3.3).
struct Issuer {
    content: Box<[u8]>,
    /// `None` when it is the issuer of the list.
    canonical: Option<Arc<[u8]>>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("received", &self.received)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

impl Stream {
    /// A list of which nothing came yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            head: None,
            carry: Vec::new(),
            position: 0,
            received: 0,
            hash: Hash::Not,
            entries: 0,
            issuer: None,
            indirect_entries: false,
            unknown_critical_entry: false,
        }
    }

    /// Takes the next bytes and gives every entry that is whole to `each`. Nothing of it is verified yet.
    ///
    /// # Errors
    /// What refuses the list; it cannot be pushed to any more.
    pub fn push<F: FnMut(&Listed<'_>) + ?Sized>(&mut self, bytes: &[u8], each: &mut F) -> Result<(), CrlError> {
        self.take(bytes, None, each)
    }

    /// The same with bytes that may be hashed beside the walk.
    ///
    /// # Errors
    /// As [`Stream::push`].
    pub(super) fn push_shared<F: FnMut(&Listed<'_>) + ?Sized>(
        &mut self,
        piece: &Arc<Vec<u8>>,
        each: &mut F,
    ) -> Result<(), CrlError> {
        self.take(piece, Some(piece), each)
    }

    fn take<F: FnMut(&Listed<'_>) + ?Sized>(
        &mut self,
        bytes: &[u8],
        shared: Option<&Arc<Vec<u8>>>,
        each: &mut F,
    ) -> Result<(), CrlError> {
        let before = self.received;
        self.received += bytes.len() as u64;
        if self.received > self.limits.max_bytes.min(u64::from(u32::MAX)) {
            return Err(CrlError::TooLarge { limit: self.limits.max_bytes });
        }
        let Some(head) = self.head.clone() else {
            return self.begin(bytes, each);
        };
        if self.received > head.end {
            return Err(CrlError::TrailingBytes);
        }
        let signed = signed(&head, before, bytes.len());
        match shared {
            Some(piece) => self.hash.update_shared(piece, signed),
            None => self.hash.update(bytes.get(signed).unwrap_or_default()),
        }
        // What was cut is completed with as little copying as it takes.
        let mut bytes = bytes;
        while !self.carry.is_empty() && self.position < head.entries.end && !bytes.is_empty() {
            let mut whole = std::mem::take(&mut self.carry);
            let cut = whole.len();
            let (mending, rest) = bytes.split_at(bytes.len().min(MEND));
            whole.extend_from_slice(mending);
            let used = self.entries(&head, &whole, each)?;
            if used < cut {
                whole.drain(..used);
                self.carry = whole;
                bytes = rest;
            } else {
                bytes = bytes.get(used - cut..).unwrap_or_default();
            }
        }
        self.walk(&head, bytes, each)
    }

    /// Takes bytes as long as the first entry is not in sight.
    fn begin<F: FnMut(&Listed<'_>) + ?Sized>(&mut self, bytes: &[u8], each: &mut F) -> Result<(), CrlError> {
        self.carry.extend_from_slice(bytes);
        let Some(head) = Head::read(&self.carry)?.map(Arc::new) else { return Ok(()) };
        if head.end > self.limits.max_bytes {
            return Err(CrlError::TooLarge { limit: self.limits.max_bytes });
        }
        if self.received > head.end {
            return Err(CrlError::TrailingBytes);
        }
        self.hash = hash_of(&head.algorithm).map_or(Hash::Not, Hash::Here);
        self.head = Some(Arc::clone(&head));
        self.position = head.entries.start;
        let whole = std::mem::take(&mut self.carry);
        self.hash.update(whole.get(signed(&head, 0, whole.len())).unwrap_or_default());
        let start = usize::try_from(head.entries.start).unwrap_or(usize::MAX);
        self.walk(&head, whole.get(start..).unwrap_or_default(), each)
    }

    /// Every byte came.
    ///
    /// # Errors
    /// A list that is cut short, has bytes behind its end, or breaks the rules behind its entries.
    pub fn finish(self) -> Result<Crl, CrlError> {
        let Some(head) = self.head else {
            return Err(if self.received == 0 {
                CrlError::NotACrl
            } else {
                CrlError::CutShort { got: self.received, wanted: 0 }
            });
        };
        if self.received < head.end {
            return Err(CrlError::CutShort { got: self.received, wanted: head.end });
        }
        if self.position < head.entries.end {
            return Err(malformed(self.position, "an entry that is longer than the list of entries"));
        }
        let tail = Tail::read(&self.carry, &head)?;
        let indirect = tail.extensions.scope.as_ref().is_some_and(|scope| scope.indirect);
        if self.indirect_entries && !indirect {
            return Err(malformed(head.entries.start, "a certificate issuer in a list that is not indirect"));
        }
        let digest = self.hash.finish();
        let layout = Layout { bytes: head.end, entries: head.entries.clone() };
        Ok(Crl::new(&head, tail, layout, digest, self.entries, self.unknown_critical_entry))
    }

    /// Walks bytes that follow the position, and keeps what is left: less than an entry, or what stands behind the entries.
    fn walk<F: FnMut(&Listed<'_>) + ?Sized>(
        &mut self,
        head: &Head,
        bytes: &[u8],
        each: &mut F,
    ) -> Result<(), CrlError> {
        let used = self.entries(head, bytes, each)?;
        self.carry.extend_from_slice(bytes.get(used..).unwrap_or_default());
        Ok(())
    }

    /// Walks the entries that are whole and gives the number of octets they take.
    fn entries<F: FnMut(&Listed<'_>) + ?Sized>(
        &mut self,
        head: &Head,
        bytes: &[u8],
        each: &mut F,
    ) -> Result<usize, CrlError> {
        let base = self.position;
        let room = usize::try_from(head.entries.end.saturating_sub(base)).unwrap_or(usize::MAX);
        let within = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        let mut at = 0;
        loop {
            let rest = within.get(at..).unwrap_or_default();
            let here = base + at as u64;
            self.position = here;
            let (entry, size) = match Entry::usual(rest) {
                Some(usual) => usual,
                None if rest.is_empty() => return Ok(at),
                None => match self.unusual(head, rest)? {
                    Some(other) => other,
                    None => return Ok(at),
                },
            };
            if self.entries >= self.limits.max_entries {
                return Err(CrlError::TooManyEntries { limit: self.limits.max_entries });
            }
            self.entries += 1;
            let issuer = self.issuer.as_ref().and_then(|issuer| issuer.canonical.as_ref());
            // Offsets fit: the whole list was held to 4 GiB.
            each(&Listed { offset: u32::try_from(here).unwrap_or(u32::MAX), entry: &entry, issuer });
            at += size;
        }
    }

    /// The entry at the position, which is not one of the usual ones, and its size; `None` when it is cut short.
    #[cold]
    fn unusual<'a>(&mut self, head: &Head, rest: &'a [u8]) -> Result<Option<(Entry<'a>, usize)>, CrlError> {
        let wrong = |what| malformed(self.position, what);
        let Some((tag, header, length)) = header(rest).map_err(wrong)? else { return Ok(None) };
        if tag != SEQUENCE {
            return Err(wrong("an entry that is no SEQUENCE"));
        }
        let size = header + length;
        if self.position + size as u64 > head.entries.end {
            return Err(wrong("an entry that is longer than the list of entries"));
        }
        if size > MAX_ENTRY {
            return Err(wrong("an entry that is too long"));
        }
        let Some(content) = rest.get(header..size) else { return Ok(None) };
        let entry = Entry::read(content).map_err(wrong)?;
        if let Some(content) = entry.certificate_issuer {
            if !head.v2 {
                return Err(wrong("extensions in a list of version 1"));
            }
            self.indirect_entries = true;
            // Entries in a row often say the same issuer again.
            if self.issuer.as_ref().is_none_or(|known| *known.content != *content) {
                let canonical = canonical(content);
                let own = *canonical == *head.issuer.canonical;
                self.issuer = Some(Issuer { content: content.into(), canonical: (!own).then(|| canonical.into()) });
            }
        }
        self.unknown_critical_entry |= entry.unknown_critical;
        Ok(Some((entry, size)))
    }
}

/// What is signed of so many bytes, the first of which has this offset.
fn signed(head: &Head, offset: u64, length: usize) -> Range<usize> {
    let place = |at: u64| usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX).min(length);
    place(head.tbs.start)..place(head.tbs.end)
}

/// The hash of the signature algorithm: the list says it before its entries. `None` for a kind that is not verified.
fn hash_of(algorithm: &[u8]) -> Option<Context> {
    let (kind, parameters) = public_key::algorithm_identifier(Reader::new(algorithm).next()?)?;
    Some(Context::new(signature::digest_algorithm(kind, parameters)?))
}
