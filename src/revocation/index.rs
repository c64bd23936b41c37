//! Index files: read at a place, written once.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt;

use crate::pki::crl::Crl;
use crate::pki::crl::index::{Builder, IndexError, Key, ReadAt};

/// Bytes gathered before the system is asked to write.
const BUFFER: usize = 128 << 10;

/// An open file that is read at a place. It stays what it was opened as when another takes its name.
#[derive(Debug)]
pub struct FileAt(pub File);

impl ReadAt for FileAt {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

/// A key for a new index.
///
/// # Errors
/// The system has no randomness.
pub fn fresh_key() -> io::Result<Key> {
    let mut key = [0; 16];
    let filled = rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty())?;
    if filled == key.len() { Ok(Key(key)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Writes the index of a list. The disk may take its time: what a power cut leaves of an index does not have its checksums, and is made again.
pub(super) fn write(builder: Builder, crl: &Crl, list: &FileAt, out: &File) -> Result<(), IndexError> {
    let mut buffered = BufWriter::with_capacity(BUFFER, out);
    builder.write(crl, list, &mut buffered)?;
    buffered.flush()?;
    Ok(())
}
