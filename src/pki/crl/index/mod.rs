//! The index of a list: for every entry a keyed fingerprint of its serial number and the place of the entry, 12 bytes in all.
//!
//! The entries are sorted by fingerprint and cut into pages by its leading bits; a directory says where each page ends and what its
//! checksum is. To be ready costs the directory alone (a twentieth of a byte an entry), a lookup costs one page. The fingerprint only
//! finds the entry: what is said of a certificate is read in the list itself, where the whole serial number must be found. What is damaged, or
//! belongs to another list, is an error and never "not listed".
//!
//! The index holds the digest of what is signed, so that the signature of the list can be verified again without reading it.

mod buckets;
mod builder;
mod file;
mod fingerprint;
mod lookup;
mod sorter;

pub use builder::Builder;
pub use fingerprint::Key;
pub use lookup::Index;

use std::io;

/// Bytes of an entry: fingerprint and offset.
const ENTRY: usize = 12;
/// Entries a page should hold.
const PAGE: u32 = 256;

/// Why an index does not answer. Every one of them is cured by making the index again from the list.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The bytes did not come.
    #[error("the index of a revocation list could not be read: {0}")]
    Io(#[from] io::Error),
    /// Not an index, or of another format.
    #[error("not an index of this version")]
    OtherFormat,
    /// A checksum or a bound does not hold.
    #[error("the index of a revocation list is damaged: {0}")]
    Damaged(&'static str),
    /// It was made for another list than the one beside it.
    #[error("the index belongs to another revocation list")]
    OtherList,
}

impl IndexError {
    /// Stable code.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Io(_) => "io",
            Self::OtherFormat => "index_other_format",
            Self::Damaged(_) => "index_damaged",
            Self::OtherList => "index_other_list",
        }
    }
}

/// Reads at a place, without a position that is shared.
pub trait ReadAt {
    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// As reading gives them; the end before the buffer is full is one.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// How long it is.
    ///
    /// # Errors
    /// When that cannot be asked.
    fn size(&self) -> io::Result<u64>;
}

impl ReadAt for [u8] {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let from = self.get(start..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}
