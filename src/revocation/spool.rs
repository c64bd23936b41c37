//! What a server sends, on its way to the disk: counted, hashed, and given up as soon as it can be no list one may keep.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::error::FetchError;
use super::room::Room;
use crate::domain::fingerprint::Fingerprint;
use crate::pki::digest::Sha256;

/// Text before a PEM block may be so long; behind it a page of some portal is known for what it is.
const MAX_PREAMBLE: u64 = 64 << 10;
/// PEM is a third longer than what it holds, and has line ends.
const PEM_PERCENT: u64 = 140;
/// Room on the disk is asked for once in so many bytes; what comes side by side stays far below the reserve.
const LOOK_EVERY: u64 = 1 << 20;
const BEGIN: &[u8] = b"-----BEGIN X509 CRL-----";

/// A body being received. The file goes when this does.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    file: File,
    limit: u64,
    received: u64,
    room: Room,
    /// How much had come when room was last asked for.
    looked_at: u64,
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
        Self::create_in(path, limit, Room::SYSTEM)
    }

    fn create_in(path: &Path, limit: u64, room: Room) -> io::Result<Self> {
        // Left by a process that was killed.
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        let (path, hash, head) = (path.to_owned(), Sha256::new(), Vec::new());
        Ok(Self { path, file, limit, received: 0, room, looked_at: 0, hash, head, kind: Kind::Unknown })
    }

    /// Bytes that came so far.
    pub(super) const fn received(&self) -> u64 {
        self.received
    }

    /// Forgets what came: the server begins again.
    pub(super) fn restart(&mut self) -> Result<(), FetchError> {
        self.file.set_len(0).map_err(FetchError::Disk)?;
        self.file.rewind().map_err(FetchError::Disk)?;
        (self.received, self.looked_at) = (0, 0);
        self.hash = Sha256::new();
        self.head.clear();
        self.kind = Kind::Unknown;
        Ok(())
    }

    /// The server says that so many bytes come in all.
    pub(super) fn announced(&self, length: u64) -> Result<(), FetchError> {
        let most = self.limit.saturating_mul(PEM_PERCENT) / 100;
        if length > most {
            return Err(FetchError::TooLarge { limit: self.limit });
        }
        self.room.for_more(&self.path, length.saturating_sub(self.received))
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.received += bytes.len() as u64;
        if self.kind == Kind::Unknown || self.kind == Kind::Text {
            let room = usize::try_from(MAX_PREAMBLE).unwrap_or(usize::MAX).saturating_sub(self.head.len());
            self.head.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
            self.kind = kind(&self.head);
            if let Kind::Der(length) = self.kind
                && length <= self.limit
            {
                self.room.for_more(&self.path, length)?;
            }
        }
        if self.received - self.looked_at >= LOOK_EVERY {
            self.looked_at = self.received;
            self.room.for_more(&self.path, bytes.len() as u64)?;
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

    #[test]
    fn a_disk_is_not_filled() {
        use crate::revocation::room::Disk;
        use std::sync::atomic::{AtomicU64, Ordering};
        static FREE: AtomicU64 = AtomicU64::new(1 << 30);
        let room = Room(|_| Ok(Disk { free: FREE.load(Ordering::Relaxed), whole: 1 << 40 }));
        let folder = tempfile::tempdir().expect("a folder");
        let spool = || Spool::create_in(&folder.path().join("x"), 4 << 30, room).expect("a spool");
        let reason = |result: Result<(), FetchError>| result.map_err(|error| error.reason());
        // As its header says, and as the server says.
        assert_eq!(reason(spool().push(b"\x30\x84\x3d\xff\xff\xff")), Err("disk_low"));
        assert_eq!(reason(spool().announced(1 << 30)), Err("disk_low"));
        assert_eq!(reason(spool().announced(1 << 29)), Ok(()));
        // It fills up while it comes, by whomever.
        let mut coming = spool();
        assert_eq!(reason(coming.push(b"\x30\x84\x10\x00\x00\x00")), Ok(()));
        let mut pushed = 0;
        let refused = std::iter::repeat_with(|| reason(coming.push(&[0; 1 << 20])).inspect(|()| pushed += 1));
        FREE.store(64 << 20, Ordering::Relaxed);
        assert_eq!(refused.take(64).find(Result::is_err), Some(Err("disk_low")));
        assert!(pushed <= 4, "{pushed} MiB came");
    }
}
