//! What a server sends, on its way to the disk: counted, hashed, and given up as soon as it can be no list one may keep.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::error::FetchError;
use crate::domain::fingerprint::Fingerprint;
use crate::pki::digest::Sha256;

/// Text before a PEM block may be so long; behind it a page of some portal is known for what it is.
const MAX_PREAMBLE: u64 = 64 << 10;
/// PEM is a third longer than what it holds, and has line ends.
const PEM_PERCENT: u64 = 140;
const BEGIN: &[u8] = b"-----BEGIN X509 CRL-----";

/// A body being received. The file goes when this does.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    file: File,
    limit: u64,
    received: u64,
    hash: Sha256,
    /// The first octets: they say what it is.
    head: Vec<u8>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    /// DER of this length in all.
    Der(u64),
    Text,
    Pem,
}

impl Spool {
    /// An empty one, for a list of at most `limit` bytes of DER.
    pub(super) fn create(path: &Path, limit: u64) -> io::Result<Self> {
        // Left by a process that was killed.
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        let hash = Sha256::new();
        Ok(Self { path: path.to_owned(), file, limit, received: 0, hash, head: Vec::new(), kind: Kind::Unknown })
    }

    /// Bytes that came so far.
    pub(super) const fn received(&self) -> u64 {
        self.received
    }

    /// Forgets what came: the server begins again.
    pub(super) fn restart(&mut self) -> Result<(), FetchError> {
        self.file.set_len(0).map_err(FetchError::Disk)?;
        self.file.rewind().map_err(FetchError::Disk)?;
        self.received = 0;
        self.hash = Sha256::new();
        self.head.clear();
        self.kind = Kind::Unknown;
        Ok(())
    }

    /// The server says that so many bytes come in all.
    pub(super) fn announced(&self, length: u64) -> Result<(), FetchError> {
        let most = self.limit.saturating_mul(PEM_PERCENT) / 100;
        if length > most { Err(FetchError::TooLarge { limit: self.limit }) } else { Ok(()) }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.received += bytes.len() as u64;
        if self.kind == Kind::Unknown || self.kind == Kind::Text {
            let room = usize::try_from(MAX_PREAMBLE).unwrap_or(usize::MAX).saturating_sub(self.head.len());
            self.head.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
            self.kind = kind(&self.head);
        }
        let too_large = FetchError::TooLarge { limit: self.limit };
        match self.kind {
            Kind::Der(length) if length > self.limit => return Err(too_large),
            Kind::Der(length) if self.received > length => return Err(FetchError::TrailingBytes),
            Kind::Pem if self.received > self.limit.saturating_mul(PEM_PERCENT) / 100 => return Err(too_large),
            Kind::Unknown | Kind::Text if self.received >= MAX_PREAMBLE => return Err(FetchError::NotACrl),
            _ => {}
        }
        self.hash.update(bytes);
        self.file.write_all(bytes).map_err(FetchError::Disk)
    }

    /// Everything came. What it is is for the engine to say; what it cannot be is said here.
    pub(super) fn finish(&mut self) -> Result<Fingerprint, FetchError> {
        match self.kind {
            Kind::Der(length) if self.received < length => {
                return Err(FetchError::CutShort { got: self.received, wanted: length });
            }
            Kind::Der(_) | Kind::Pem => {}
            Kind::Unknown | Kind::Text => return Err(FetchError::NotACrl),
        }
        self.file.rewind().map_err(FetchError::Disk)?;
        Ok(std::mem::take(&mut self.hash).finish())
    }

    /// To be read once more.
    pub(super) fn rewind(&mut self) -> Result<(), FetchError> {
        self.file.rewind().map_err(FetchError::Disk)
    }

    /// To be read from its beginning, after [`Spool::finish`].
    pub(super) const fn file(&mut self) -> &mut File {
        &mut self.file
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(error = %error, path = %self.path.display(), "a spool file could not be removed");
        }
    }
}

/// What a body is that begins so.
fn kind(head: &[u8]) -> Kind {
    let Some((first, rest)) = head.split_first() else { return Kind::Unknown };
    if *first != 0x30 {
        let pem = memchr::memmem::find(head, BEGIN).is_some();
        return if pem { Kind::Pem } else { Kind::Text };
    }
    let Some((length, rest)) = rest.split_first() else { return Kind::Unknown };
    match length {
        short @ 0..=0x7f => Kind::Der(u64::from(*short) + 2),
        0x81..=0x88 => {
            let octets = usize::from(length & 0x7f);
            let Some(octets) = rest.get(..octets) else { return Kind::Unknown };
            let length = octets.iter().fold(0_u64, |length, octet| length << 8 | u64::from(*octet));
            Kind::Der(length.saturating_add(2 + octets.len() as u64))
        }
        _ => Kind::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(limit: u64, pieces: &[&[u8]]) -> Result<(), &'static str> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.part");
        let mut spool = Spool::create(&path, limit).expect("a spool");
        let result = pieces.iter().try_for_each(|piece| spool.push(piece)).and_then(|()| spool.finish().map(|_| ()));
        drop(spool);
        assert!(!path.exists());
        result.map_err(|error| error.reason())
    }

    #[test]
    fn what_can_be_no_list_ends_at_once() {
        assert_eq!(spool(1 << 20, &[b"\x30\x03abc"]), Ok(()));
        assert_eq!(spool(1 << 20, &[b"\x30", b"\x82", b"\x00", b"\x03", b"ab", b"c"]), Ok(()));
        assert_eq!(spool(1 << 20, &[b"\x30\x03ab"]), Err("cut_short"));
        assert_eq!(spool(1 << 20, &[b"\x30\x03abc", b"d"]), Err("trailing_bytes"));
        assert_eq!(spool(64, &[b"\x30\x82\xff\xff"]), Err("too_large"));
        assert_eq!(spool(64, &[b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff"]), Err("too_large"));
        assert_eq!(spool(1 << 20, &[b"<html>"]), Err("not_a_crl"));
        assert_eq!(
            spool(1 << 30, &[&[b'x'; 4096][..]; 17]),
            Err("not_a_crl"),
            "not read to an end that may never come"
        );
        assert_eq!(spool(1 << 20, &[b"\x1f\x8b\x08\x00"]), Err("not_a_crl"));
        assert_eq!(spool(1 << 20, &[b""]), Err("not_a_crl"));
        assert_eq!(spool(1 << 20, &[b"text\n-----BEGIN X509", b" CRL-----\nAAAA"]), Ok(()), "for the engine to refuse");
        assert_eq!(spool(64, &[b"-----BEGIN X509 CRL-----\n", &[b'A'; 128]]), Err("too_large"));
    }
}
